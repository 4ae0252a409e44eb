/** Operations that write. */
import { ConflictError, type Snapshot } from '../../src/index.js'
import { boxed, type ProgramInput } from './interpret.js'
import { cellId } from './naive.js'
import type { Operation, Write } from './operations.js'
import { KEYS } from './program.js'
import { get } from './reading.js'
import type { ViewModel } from './views.js'
import type { World } from './world.js'

/** A view or a batch, where its types are in the way. */
interface Writable {
  set(definition: ProgramInput, ...rest: unknown[]): unknown
  update(definition: ProgramInput, ...rest: unknown[]): unknown
  remove(definition: ProgramInput, ...rest: unknown[]): unknown
  has(definition: ProgramInput, ...args: unknown[]): boolean
}

function argsFor(world: World, { i, key }: Write): number[] {
  return world.program.inputs[i]?.keyed === true ? [key] : []
}

function writeTo(world: World, target: Writable, one: Write, updates: boolean): void {
  const definition = world.compiled.inputs[one.i] as ProgramInput
  const args = argsFor(world, one)
  if (one.value === null) {
    target.remove(definition, ...args)
    return
  }
  const value = boxed(one.value, world.program)
  // What is required and absent has no value to be updated.
  const isUpdate = updates && (world.program.inputs[one.i]?.required !== true || target.has(definition, ...args))
  if (isUpdate) target.update(definition, ...args, () => value)
  else target.set(definition, ...args, value)
}

export function write(world: World, model: ViewModel, one: Write, by: 'set' | 'update' | 'node'): void {
  commit(world, model, (version) => model.write([one], version), () => {
    const definition = world.compiled.inputs[one.i] as ProgramInput
    const args = argsFor(world, one)
    // A required input that is absent has nothing to be updated.
    const updates = by === 'update' && (definition.options.required !== true || model.view.has(definition, ...args))
    if (by === 'node' && one.value !== null) model.view.node(definition, ...args).next(boxed(one.value, world.program))
    else writeTo(world, model.view, one, updates)
    return null
  })
}

export function batch(world: World, model: ViewModel, { writes, asks, throws }: Operation & { readonly op: 'batch' }): void {
  const thrown = new Error('thrown in a batch')
  world.runs.inexact ||= asks !== null
  const run = (): number =>
    model.view.batch((tx) => {
      for (const [at, one] of writes.entries()) {
        writeTo(world, tx, one, false)
        if (at === 0 && asks !== null) get(world, model, asks, 1)
      }
      if (throws) throw thrown
    })
  if (!throws) {
    commit(world, model, (version) => model.write(writes, version), run)
    return
  }
  try {
    run()
  } catch (error) {
    if (error === thrown) return
    throw error
  }
}

export function replace(world: World, model: ViewModel, i: number, writes: readonly Write[]): void {
  if (world.program.inputs[i]?.keyed !== true) return
  const definition = world.compiled.inputs[i] as ProgramInput
  const removed = Array.from({ length: KEYS }, (_, key): Write => ({ i, key, value: null }))
  // A key of one argument is that argument itself.
  const entries = writes.map(({ key, value }): [number[], number] => [key as unknown as number[], boxed(value as number, world.program)])
  commit(world, model, (version) => model.write([...removed, ...writes], version), () => model.view.replaceAll(definition, entries))
}

export function invalidate(world: World, model: ViewModel, query: number, arg: number): void {
  const target = world.target(query, arg)
  commit(world, model, (version) => model.invalidate(cellId(query, target.arg), version), () => model.view.invalidate(target.definition, ...target.args))
}

export function restore(world: World, model: ViewModel, source: ViewModel): void {
  commit(world, model, (version) => model.restore(source.newest, version), () => model.view.restore(source.view))
}

export function promote(world: World, view: ViewModel): void {
  const { parent } = view
  if (parent === null || parent.disposed) return
  parent.follow()
  let isRefused = false
  commit(world, parent, (version) => (isRefused = !parent.promote(view, version)), () => {
    try {
      const revision = parent.view.promote(view.view as Snapshot)
      if (isRefused) world.faults.push(`conflict: ${view.name} should have been refused by ${parent.name}`)
      return revision
    } catch (error) {
      if (!isRefused || !(error instanceof ConflictError)) throw error
      return null
    }
  })
}

/** Does a commit, first in the model. `run` tells the revision at which it holds, or null. */
function commit(world: World, model: ViewModel, note: (version: number) => void, run: () => number | null): void {
  world.runs.inexact ||= world.jobs > 0
  note(world.nextVersion())
  const { revision } = model.newest
  const told = run()
  model.follow()
  if (told !== null && told !== revision) world.faults.push(`revision: ${model.name} tells ${told} and should tell ${revision}`)
}
