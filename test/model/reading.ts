/** Operations that read, and the comparison of their answers. */
import { ClosedError, DisposedError, MissingInputError } from '../../src/index.js'
import { type ProgramInput, unboxed } from './interpret.js'
import { cellId, type Outcome, slotId, type State } from './naive.js'
import { outcomeOf } from './outcome.js'
import type { Expr, Kind } from './program.js'
import type { ViewModel } from './views.js'
import type { Call, World } from './world.js'

const ABORTED = new Error('aborted by the caller')

interface Question {
  readonly name: string
  readonly view: ViewModel
  readonly kind: Kind
  /** What it is in the state of this moment. */
  readonly expected: Outcome
  readonly controller: AbortController | null
}

/** Gets a query, with a signal of its own or without; gives what came back or was thrown. */
export function get(world: World, view: ViewModel, query: number, arg: number, leaving = false): unknown {
  const { definition, args, kind, arg: own } = world.target(query, arg)
  const controller = leaving ? new AbortController() : null
  const reader = controller === null ? view.view : view.view.with({ signal: controller.signal })
  const expected = view.cell(view.state, query, own).outcome
  return ask(world, { name: world.name(`get of ${cellId(query, own)}`, view), view, kind, expected, controller }, () => reader.get(definition, ...args))
}

/** Asks for what was emitted below a query. The order is that of the reads, which those that wait for several at once do not settle. */
export function accumulated(world: World, view: ViewModel, query: number, arg: number): void {
  const { definition, args, kind, arg: own } = world.target(query, arg)
  const text = (items: readonly number[]): string => `items ${items.toSorted((a, b) => a - b).join()}`
  const { outcome } = view.cell(view.state, query, own)
  const expected = typeof outcome === 'string' ? outcome : text(view.itemsOf(view.state, query, own))
  ask(world, { name: world.name(`items of ${cellId(query, own)}`, view), view, kind, expected, controller: null }, () => {
    const found = view.view.accumulated(world.compiled.channel, definition, ...args) as readonly number[] | Promise<readonly number[]>
    return found instanceof Promise ? found.then(text) : text(found)
  })
}

/** Evaluates an expression once. */
export function read(world: World, view: ViewModel, waits: boolean, expr: Expr): void {
  const { compiled } = world
  const expected = view.outcomeOf(view.state, expr)
  const question: Question = { name: world.name('read', view), view, kind: waits ? 'async' : 'sync', expected, controller: null }
  ask(world, question, () => (waits ? view.view.read((q) => compiled.async(q, expr)) : view.view.read((q) => compiled.sync(q, expr))))
}

function ask(world: World, question: Question, run: () => unknown): unknown {
  const { name, kind, expected, view, controller } = question
  let found: unknown
  try {
    found = run()
  } catch (error) {
    // A subscriber may have disposed of the view on the way.
    if (view.disposed && error instanceof DisposedError) return error
    if (kind === 'async') world.faults.push(`threw: ${name} is asynchronous and threw ${String(error)}`)
    world.compare(name, outcomeOf(error), expected)
    return error
  }
  const promised = found instanceof Promise ? 'async' : 'sync'
  if (kind !== 'mixed' && kind !== promised) world.faults.push(`promise: ${name} is ${kind}, and gave ${promised === 'async' ? 'a promise' : 'a value'}`)
  if (!(found instanceof Promise)) {
    world.compare(name, found as Outcome, expected)
    return found
  }
  const call: Call = { name, view, controller, settled: false, aborted: false }
  world.calls.push(call)
  found.then(
    (value: unknown) => {
      call.settled = true
      world.compare(name, value as Outcome, expected)
    },
    (error: unknown) => {
      call.settled = true
      if (!isExcused(world, call, error)) world.compare(name, outcomeOf(error), expected)
    },
  )
  return found
}

/** The caller has left, or his view has gone. */
function isExcused(world: World, { aborted, view }: Call, error: unknown): boolean {
  return (aborted && error === ABORTED) || (view.disposed && error instanceof DisposedError) || (world.closed && error instanceof ClosedError)
}

export function abort(world: World, nth: number): void {
  const leaving = world.calls.filter(({ controller, settled, aborted }) => controller !== null && !settled && !aborted)
  const call = leaving[nth % Math.max(1, leaving.length)]
  if (call === undefined) return
  call.aborted = true
  world.tried.abandoned++
  call.controller?.abort(ABORTED)
}

/** All that is known of what it tells is that it tells a revision of this view. */
export function touch(world: World, view: ViewModel, query: number, arg: number): void {
  const { definition, args } = world.target(query, arg)
  const found: unknown = view.view.touch(definition, ...args)
  const call: Call = { name: world.name(`touch of q${query}`, view), view, controller: null, settled: false, aborted: false }
  world.calls.push(call)
  const compare = (revision: unknown): void => {
    call.settled = true
    if (typeof revision !== 'number' || (!view.disposed && revision > view.view.revision)) world.faults.push(`touch: ${call.name} gave ${String(revision)}`)
  }
  if (!(found instanceof Promise)) compare(found)
  else {
    found.then(compare, (error: unknown) => {
      call.settled = true
      if (!isExcused(world, call, error)) world.faults.push(`touch: ${call.name} failed with ${String(error)}`)
    })
  }
}

export function prefetch(world: World, view: ViewModel, query: number, arg: number): void {
  const { definition, args } = world.target(query, arg)
  view.view.prefetch(definition, ...args)
}

/** What an input holds, read from outside. */
function held({ compiled }: World, { view }: ViewModel, i: number, key: number | null): number | undefined {
  const definition = compiled.inputs[i] as ProgramInput
  try {
    const found = key === null ? view.get(definition) : view.get(definition, key)
    return found === undefined ? undefined : unboxed(found)
  } catch (error) {
    if (error instanceof MissingInputError) return undefined
    throw error
  }
}

const expectedIn = ({ program }: World, { slots }: State, i: number, key: number | null): number | undefined => slots.get(slotId(i, key))?.value ?? program.inputs[i]?.initial ?? undefined

/** Whether all inputs of a view hold what they hold in a state. */
export function fits(world: World, view: ViewModel, state: State): boolean {
  return world.program.inputs.every(({ keyed }, i) => (keyed ? [0, 1, 2] : [null]).every((key) => held(world, view, i, key) === expectedIn(world, state, i, key)))
}

/** Compares an input, read from outside. */
export function checkInput(world: World, view: ViewModel, i: number, key: number | null): void {
  const found = held(world, view, i, key)
  const expected = expectedIn(world, view.state, i, key)
  if (found !== expected) world.faults.push(`answer: input ${slotId(i, key)} in ${view.name} is ${String(found)}, and should be ${String(expected)}`)
}
