/**
 * Plays a history of operations on a real database and compares everything it answers with the naive model.
 *
 *   every answer            equals the naive answer in the state of the moment in which it was asked
 *   every emission          belongs to a state that existed, and they come in order; the last is the newest
 *   after every operation   the invariants of the records hold
 *   in the end              nothing is on its way, no promise hangs, no rejection went unhandled
 */
import { MemoryPort, OpenedDatabase } from 'pebre/persist'
import { random } from 'pebre/testing'
import type { Snapshot } from '../../src/index.js'
import { tryDamaged } from './faults.js'
import { tryHostile } from './hostile.js'
import { branchOf, type Calm, faultsOf } from './invariants.js'
import type { Operation } from './operations.js'
import { stackOf } from './outcome.js'
import type { Program } from './program.js'
import { abort, accumulated, checkInput, get, prefetch, read, touch } from './reading.js'
import { crash, loadWorld, type Saved, saveHead } from './saving.js'
import { drain } from './scheduler.js'
import { forget, keepUp } from './upkeep.js'
import type { ViewModel } from './views.js'
import { countRevisions, listen, unsubscribe, watch } from './watching.js'
import { type Tried, World } from './world.js'
import { batch, invalidate, promote, replace, restore, write } from './writing.js'

/** Something the engine did wrong. The first word of the message is its kind. */
export class Fault extends Error {}

/** What there was in a history. */
export interface Played extends Tried {
  readonly operations: number
  readonly runs: number
  /** Revisions of views that answers were compared in. */
  readonly states: number
  readonly answers: number
  readonly emissions: number
  /** Bodies let go on while several waited; the order in which all were. */
  readonly choices: number
  readonly order: number
  readonly evictions: number
  /** Databases saved and loaded. */
  readonly loads: number
}

const MOST_VIEWS = 7
/** How many operations are played in a database that was loaded. */
const AFTER_LOADING = 12

export class History {
  private readonly world: World
  private readonly ignored: readonly string[]

  /** `ignored`: parts of the messages of faults that are known, and not to stop at. */
  constructor(program: Program, ignored: readonly string[] = [], world: World = new World(program)) {
    this.world = world
    this.ignored = ignored
    this.world.react = (operation) => {
      try {
        this.apply(operation)
      } catch (error) {
        this.world.faults.push(`threw: ${operation.op} in a subscriber threw ${stackOf(error)}`)
      }
    }
  }

  /** @throws Fault */
  async play(operations: readonly Operation[]): Promise<Played> {
    const { world } = this
    const unhandled = (error: unknown): void => {
      world.faults.push(`unhandled: ${String(error)}`)
    }
    process.on('unhandledRejection', unhandled)
    try {
      const port = world.program.traits.logs === true && world.program.traits.saves != null ? new MemoryPort() : null
      if (port !== null) await world.openIn(port)
      if (world.program.traits.events) {
        listen(world)
        countRevisions(world, world.viewAt(0))
      }
      const { saves } = world.program.traits
      let saved: Saved | null = null
      for (const [i, operation] of operations.entries()) {
        if (i === saves) saved = port === null ? saveHead(world) : await crash(world, port)
        await this.step(operation)
      }
      if (world.program.traits.closes) {
        await this.close()
        return this.played(operations.length)
      }
      await this.settle()
      await this.askForEverything()
      if (saved === null && saves != null) saved = port === null ? saveHead(world, true) : await crash(world, port)
      await this.leave()
      if (world.db instanceof OpenedDatabase) await world.db.close()
      return saved === null ? this.played(operations.length) : await this.playLoaded(saved, operations)
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  }

  private played(operations: number): Played {
    const { world } = this
    const { runs, choices, order, answers } = world
    const states = world.views.reduce((sum, view) => sum + view.states.length, 0)
    const emissions = world.subscriptions.reduce((sum, subscription) => sum + subscription.emissions, 0)
    return { operations, runs: runs.total, states, answers, emissions, choices, order, evictions: world.evictions, loads: 0, ...world.tried }
  }

  /** What was saved goes on in another database, with the first of the operations. */
  private async playLoaded(saved: Saved, operations: readonly Operation[]): Promise<Played> {
    await tryDamaged(this.world, saved, random(this.world.runs.total))
    const [fault] = this.world.faults
    if (fault !== undefined) throw new Fault(fault)
    const played = this.played(operations.length)
    const world = await loadWorld(this.world.program, saved)
    const after = new History(world.program, this.ignored, world)
    await after.askForEverything()
    world.runs.forbidden.clear()
    const { order: _, ...more } = await after.play(operations.slice(0, AFTER_LOADING))
    const sum = Object.entries(more).map(([name, count]) => [name, count + played[name as keyof Played]])
    return { ...played, ...(Object.fromEntries(sum) as typeof more), loads: played.loads + 1 }
  }

  private async step(operation: Operation): Promise<void> {
    if (operation.op === 'ticks') {
      if (operation.count === 0) await drain()
      else for (let i = 0; i < operation.count; i++) await Promise.resolve()
    } else {
      try {
        this.apply(operation)
      } catch (error) {
        throw new Fault(`threw: ${operation.op} threw ${stackOf(error)}`)
      }
    }
    if (this.world.program.traits.forgets === true) forget(this.world)
    this.check(operation.op === 'ticks' && operation.count === 0 ? 'quiet' : 'busy')
  }

  private check(calm: Calm): void {
    const { faults, views, subscriptions, alive, program, runs } = this.world
    for (const model of views) model.follow()
    for (const subscription of subscriptions) faults.push(...subscription.check(calm === 'resting'))
    const open = alive.map(({ view }) => view)
    faults.push(...faultsOf(open, calm, !program.traits.racing), ...runs.excess.splice(0))
    const fault = faults.find((at) => !this.ignored.some((part) => at.includes(part)))
    faults.length = 0
    if (fault !== undefined) throw new Fault(fault)
  }

  private apply(operation: Operation): void {
    const { world } = this
    if (operation.op === 'abort') abort(world, operation.nth)
    else if (operation.op === 'unsubscribe') unsubscribe(world, operation.nth)
    else if (operation.op === 'step') world.release(operation.nth)
    else if ('view' in operation) this.applyTo(world.viewAt(operation.view), operation)
    else if (operation.op !== 'ticks') keepUp(world, operation)
  }

  private applyTo(view: ViewModel, operation: Extract<Operation, { readonly view: number }>): void {
    const { world } = this
    switch (operation.op) {
      case 'write':
        return write(world, view, operation.write, operation.by)
      case 'batch':
        return batch(world, view, operation)
      case 'replace':
        return replace(world, view, operation.i, operation.writes)
      case 'invalidate':
        return invalidate(world, view, operation.query, operation.arg)
      case 'get':
        get(world, view, operation.query, operation.arg, operation.leaving)
        return
      case 'touch':
        return touch(world, view, operation.query, operation.arg)
      case 'prefetch':
        return prefetch(world, view, operation.query, operation.arg)
      case 'accumulated':
        return accumulated(world, view, operation.query, operation.arg)
      case 'read':
        return read(world, view, operation.waits, operation.expr)
      case 'watch':
      case 'observe':
      case 'live':
        return watch(world, view, operation)
      case 'snapshot':
        if (world.alive.length < MOST_VIEWS) world.addView(view.view.snapshot(), `snapshot ${world.views.length} of ${view.name}`, view.state, view)
        return
      case 'dispose':
        return this.dispose(view)
      case 'hostile':
        return tryHostile(world, view, operation.nth)
      case 'restore':
        return restore(world, view, world.viewAt(operation.from))
      case 'promote':
        return promote(world, view)
    }
  }

  private dispose(view: ViewModel): void {
    if (view === this.world.views[0]) return
    view.disposed = true
    ;(view.view as Snapshot).dispose()
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lets everybody go on until nobody waits. */
  private async settle(): Promise<void> {
    const { scheduler, calls, faults, written } = this.world
    await Promise.all(written.splice(0))
    await drain()
    while (scheduler.size > 0) {
      this.world.release(0)
      await drain()
      this.check('quiet')
    }
    await Promise.all(written.splice(0))
    await drain()
    for (const { name, settled } of calls) if (!settled) faults.push(`hang: ${name} is pending, and nothing is on its way`)
    this.check('resting')
  }

  /** Asks for everything twice: the answers hold, and the second time nothing runs and the same comes back. */
  private async askForEverything(): Promise<void> {
    const { db, faults, program, alive, mayRepeat } = this.world
    const { family } = branchOf(db)
    for (const model of alive) {
      for (let query = program.queries.length - 1; query >= 0; query--) {
        const before = model.view.revision
        const { evictions } = family
        const first = get(this.world, model, query, 1)
        await this.settle()
        // A subscriber may have written in answer to the first; to another view too, and a commit anywhere lets values go.
        if (model.disposed || model.view.revision !== before || family.evictions !== evictions) continue
        const { runs } = family
        const second = get(this.world, model, query, 1)
        if (mayRepeat) {
          await this.settle()
          continue
        }
        // One that is either may have been waited for, and have come to a plain value.
        const isPlainNow = program.queries[query]?.kind === 'mixed' && first instanceof Promise && !(second instanceof Promise)
        if (first !== second && !isPlainNow) faults.push(`twice: ${model.name} gave something else for q${query} when it was asked for the second time`)
        if (family.runs !== runs) faults.push(`twice: ${model.name} ran something for q${query} when it was asked for the second time`)
        await this.settle()
      }
      if (!model.disposed) for (const [i, { keyed }] of program.inputs.entries()) checkInput(this.world, model, i, keyed ? 1 : null)
    }
  }

  private async leave(): Promise<void> {
    for (const subscription of this.world.subscriptions) subscription.close()
    for (const model of this.world.alive.toReversed()) this.dispose(model)
    await this.settle()
    const { jobs, live } = this.world.db.stats()
    if (jobs + live !== 0) throw new Fault(`rest: stats tell ${jobs} jobs and ${live} live queries`)
    const { tried, reported } = this.world
    if (tried.thrown !== reported) throw new Fault(`reported: subscribers threw ${tried.thrown} times, and ${reported} were told of`)
  }

  /** Ends everything while it is on its way. */
  private async close(): Promise<void> {
    const { world } = this
    world.closed = true
    world.db.close()
    for (const model of world.views) model.disposed = true
    await drain()
    while (world.scheduler.size > 0) {
      world.scheduler.release(0)
      await drain()
    }
    for (const { name, settled } of world.calls) if (!settled) world.faults.push(`hang: ${name} is pending, and the database is closed`)
    const { family } = branchOf(world.db)
    if (family.jobs !== 0 || family.busy.size !== 0) world.faults.push(`rest: ${family.jobs} jobs after the end`)
    this.check('busy')
  }
}
