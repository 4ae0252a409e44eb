/**
 * Effects: functions that do something with what they read, and do it again when that has changed. An effect is a live query whose
 * result is a cleanup. It is a subscriber, not a query: it may write and subscribe, and its writes wait for their turn.
 */
import { type SchedulerLike, Subscription } from 'rxjs'
import type { Branch } from './branch.js'
import { anObjectWith, check, checkOptions } from './check.js'
import { aBody, type Query } from './define.js'
import type { Engine } from './engine.js'
import { WriteInQueryError } from './errors.js'
import { follow, forget, LiveCell } from './live.js'
import { Cell, idOf, RUNNING, Table } from './node.js'
import { isThenable } from './run.js'

/** What an effect leaves to be done before its next run, and at its end. */
export type Cleanup = () => void

export interface EffectOptions {
  /** When it runs again after a commit, such as `frameScheduler()`; several commits before its turn make one run. Default: before the write returns. */
  readonly scheduler?: SchedulerLike
}

/** A running effect. Ending it runs the last cleanup; a second time nothing happens. */
export class Effect extends Subscription {
  dispose(): void {
    this.unsubscribe()
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }
}

/** An effect's live side, which may leave its turn to a scheduler. */
class EffectCell extends LiveCell {
  private readonly scheduler: SchedulerLike | undefined
  private turn: Subscription | null = null
  private hasRun = false

  constructor(branch: Branch, engine: Engine, origin: Cell, scheduler: SchedulerLike | undefined) {
    super(branch, engine, origin)
    this.scheduler = scheduler
  }

  override update(): void {
    if (this.scheduler === undefined || !this.hasRun) {
      this.hasRun = true
      super.update()
      return
    }
    if (this.turn !== null || this.first === null) return
    const { delivery } = this.branch.family
    this.turn = this.scheduler.schedule(() => {
      this.turn = null
      delivery.announce(() => this.describe(), () => super.update())
      this.engine.idle()
    })
  }

  /** Running is all it does. */
  override tellAll(): void {}

  override tellOne(): void {}

  protected override leaveWaits(): void {
    this.turn?.unsubscribe()
    this.turn = null
    super.leaveWaits()
  }
}

/** The function, its cleanup, and what it reports. */
class EffectBody {
  private readonly branch: Branch
  private readonly body: (q: Query) => unknown
  private cleanup: Cleanup | null = null
  ended = false

  constructor(branch: Branch, body: (q: Query) => unknown) {
    this.branch = branch
    this.body = body
  }

  run(q: Query): unknown {
    this.clean()
    // Its own cleanup may have ended it.
    if (this.ended) return undefined
    const { delivery } = this.branch.family
    let later: Promise<unknown>
    try {
      const result = this.body(q)
      if (!isThenable(result)) return this.keep(result)
      later = Promise.resolve(result)
    } catch (error) {
      if (this.branch.family.unwind !== null) throw error
      delivery.report(error)
      return undefined
    }
    return later.then(
      (value) => this.keep(value),
      (error) => {
        if (!this.ended) delivery.report(error)
      },
    )
  }

  end(): void {
    this.ended = true
    this.clean()
  }

  private keep(result: unknown): undefined {
    if (typeof result !== 'function') return
    this.cleanup = result as Cleanup
    if (this.ended) this.clean()
  }

  private clean(): void {
    const { cleanup } = this
    this.cleanup = null
    if (cleanup !== null) this.branch.family.delivery.guard(cleanup)
  }
}

/** Starts an effect. @throws WriteInQueryError from inside a query; InvalidDefinitionError for a body or options that are none */
export function startEffect(engine: Engine, branch: Branch, body: (q: Query) => unknown, options: EffectOptions): Effect {
  const { family, hub } = branch
  const inside = family.delivery.bodyOnTop()
  if (inside !== null) throw new WriteInQueryError('start an effect', inside)
  check('The body of an effect', body, aBody)
  checkOptions('', options, { scheduler: anObjectWith('schedule') })
  const { scheduler } = options
  const run = new EffectBody(branch, body)
  const definition = Object.freeze({
    kind: 'derived' as const, name: 'effect', hash: 0, body: (q: Query) => run.run(q), options: Object.freeze({}), isAsync: false, isEffect: true as const,
  })
  const cell = new Cell(new Table(definition, branch.home, family.unnamed), undefined, null)
  const effect = new Effect()
  const open = { complete: () => effect.unsubscribe() }
  hub.open.add(open)
  let leave: (() => void) | null = null
  family.delivery.tellNow('an effect', () => {
    leave = follow(engine, branch, cell, null, (...at) => new EffectCell(...at, scheduler))
  })
  effect.add(() => {
    hub.open.delete(open)
    const end = (): void => {
      leave?.()
      forget(branch, cell)
    }
    run.ended = true
    // Its own body has ended it: the edges are still being read.
    if ((cell.flags & RUNNING) !== 0) family.delivery.announce(`effect ${idOf(cell)}`, end)
    else end()
    family.delivery.guard(() => run.end())
  })
  return effect
}
