/**
 * What was emitted below a query: a walk over what it has read, and what that has read, with a stack of its own. Nothing is kept of it.
 *
 * The walk is part of an evaluation, like a function that is read once. So it sees one state: where a commit overtakes it, it goes on in the state left.
 */
import { type Branch, Job } from './branch.js'
import type { AnyAccumulator, Args, Computed, Query } from './define.js'
import { checkAccumulator } from './emission.js'
import { borrow, type Engine } from './engine.js'
import type { Frame } from './frame.js'
import { argsOf, type Cell, type Emitted, isAnswer, isCell, MAYBE, type Node, PENDING } from './node.js'
import { readOnce } from './outside.js'
import { localOf } from './records.js'
import type { Stamp } from './revision.js'
import { isThenable } from './run.js'
import { edgesOf } from './share.js'
import { frameOf } from './tracker.js'

/** All items on a channel below a cell of the head, or the promise of them. @throws what the query threw, InvalidDefinitionError */
export function accumulatedOutside(engine: Engine, branch: Branch, channel: AnyAccumulator, origin: Cell): unknown {
  checkAccumulator(branch.family, channel)
  const query = origin.table.definition as unknown as Computed<Args, unknown>
  const args = argsOf(origin)
  return readOnce(engine, branch, (q: Query) => {
    const shown: unknown = q.get(query, ...args)
    const from = (): unknown => new Walk(frameOf(q), channel, isThenable(shown)).from(origin)
    return isThenable(shown) ? shown.then(from) : from()
  }, 'accumulated')
}

/** What a cell has read and emitted, and how far the walk has come. */
interface Step {
  readonly deps: readonly Node[]
  readonly stamps: readonly Stamp[]
  readonly emitted: Emitted | null
  next: number
}

class Walk {
  private readonly frame: Frame
  private readonly channel: AnyAccumulator
  /** The query is asynchronous. */
  private readonly mayWait: boolean
  private readonly items: unknown[] = []
  /** Records of the head that were come upon. */
  private readonly met: Set<Cell> = new Set()
  private readonly steps: Step[] = []

  constructor(frame: Frame, channel: AnyAccumulator, mayWait: boolean) {
    this.frame = frame
    this.channel = channel
    this.mayWait = mayWait
  }

  from(origin: Cell): readonly unknown[] | Promise<readonly unknown[]> {
    this.met.add(origin)
    const waiting = this.enter(origin, 0)
    return waiting === null ? this.goOn() : this.goOnAfter(waiting, origin)
  }

  private goOn(): readonly unknown[] | Promise<readonly unknown[]> {
    const { steps, met } = this
    for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
      if (step.next === step.deps.length) {
        for (const item of step.emitted?.get(this.channel) ?? []) this.items.push(item)
        steps.pop()
        continue
      }
      const dep = step.deps[step.next] as Node
      const stamp = step.stamps[step.next++] as Stamp
      if (!isCell(dep) || met.has(dep) || isAnswer(dep)) continue
      met.add(dep)
      const waiting = this.enter(dep, stamp)
      if (waiting !== null) return this.goOnAfter(waiting, dep)
    }
    return this.items
  }

  /** Waits for a cell that has to be computed again for the state that is read, and goes on. */
  private goOnAfter(waiting: PromiseLike<unknown>, origin: Cell, tries = 2): Promise<readonly unknown[]> {
    const enter = (): readonly unknown[] | Promise<readonly unknown[]> => {
      // A commit may have come between; but nothing is waited for without end.
      const still = this.enter(origin, tries > 0 ? 0 : PENDING)
      return still === null ? this.goOn() : this.goOnAfter(still, origin, tries - 1)
    }
    return Promise.resolve(waiting).then(enter, enter)
  }

  /** Steps into a cell. What was read and not waited for, and has not settled, is passed by. */
  private enter(origin: Cell, stamp: Stamp): PromiseLike<unknown> | null {
    const { branch } = this.frame
    const cell = localOf(branch.home, origin) as Cell
    let step = stepInto(branch, cell)
    if (step === null && stamp !== PENDING) {
      const shown = this.demand(branch, cell)
      step = stepInto(branch, cell)
      if (step === null) return this.mayWait && isThenable(shown) ? shown : null
    }
    if (step !== null) this.steps.push(step)
    return null
  }

  /** Bodies above may have marked a cell on their way, and a snapshot may not have asked for it: it is made valid. */
  private demand(branch: Branch, cell: Cell): unknown {
    const { host } = branch.family
    try {
      return branch.frozen ? host.readElsewhere(this.frame, cell, false) : host.read(this.frame, cell, null)
    } catch (error) {
      // A failure is an outcome.
      if (stepInto(branch, cell) === null) throw error
      return null
    }
  }
}

/** What stands for a cell in the branch; null: nobody knows yet. */
function stepInto(branch: Branch, cell: Cell): Step | null {
  if (!branch.frozen) return cell.mark < MAYBE ? { ...edgesOf(cell), emitted: cell.emitted, next: 0 } : null
  const known = branch.memos.get(cell.origin)
  const memo = known == null || known instanceof Job ? borrow(branch, cell) : known
  return memo === null ? null : { deps: memo.deps, stamps: memo.stamps, emitted: memo.emitted, next: 0 }
}
