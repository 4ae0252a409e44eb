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
import { argsOf, type Cell, type Emitted, isCell, MAYBE, type Memo, type Node, PENDING } from './node.js'
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
  const gather = (q: Query): unknown => {
    const shown: unknown = q.get(query, ...args)
    const frame = frameOf(q)
    // What it was promised may have been marked before anybody could look.
    return isThenable(shown) ? shown.then(() => (isStanding(frame.branch, origin) ? new Walk(frame, channel).from(origin) : gather(q))) : new Walk(frame, channel).from(origin)
  }
  return readOnce(engine, branch, gather, 'accumulated')
}

function isStanding(branch: Branch, origin: Cell): boolean {
  return branch.frozen || (localOf(branch, origin) as Cell).mark < MAYBE
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
  private readonly items: unknown[] = []
  /** Records of the head that were come upon. */
  private readonly met: Set<Cell> = new Set()
  private readonly steps: Step[] = []

  constructor(frame: Frame, channel: AnyAccumulator) {
    this.frame = frame
    this.channel = channel
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
      if (!isCell(dep) || met.has(dep)) continue
      met.add(dep)
      const waiting = this.enter(dep, stamp)
      if (waiting !== null) return this.goOnAfter(waiting, dep)
    }
    return this.items
  }

  /** A dependency has to be computed again for the state that is read: nobody has kept what stood there. */
  private goOnAfter(waiting: PromiseLike<unknown>, origin: Cell): Promise<readonly unknown[]> {
    const enter = (): readonly unknown[] | Promise<readonly unknown[]> => {
      const still = this.enter(origin, 0)
      return still === null ? this.goOn() : this.goOnAfter(still, origin)
    }
    return Promise.resolve(waiting).then(enter, enter)
  }

  /** Steps into a cell; what was read and not waited for, and has not settled, is passed by. */
  private enter(origin: Cell, stamp: Stamp): PromiseLike<unknown> | null {
    const { branch } = this.frame
    if (branch.frozen) return this.enterMemo(branch, origin, stamp)
    const cell = localOf(branch, origin) as Cell
    if (cell.mark < MAYBE) this.steps.push({ ...edgesOf(cell), emitted: cell.emitted, next: 0 })
    return null
  }

  private enterMemo(branch: Branch, origin: Cell, stamp: Stamp): PromiseLike<unknown> | null {
    const cell = localOf(branch.home, origin) as Cell
    let memo = memoIn(branch, origin) ?? borrow(branch, cell)
    if (memo === null) {
      if (stamp === PENDING) return null
      let shown: unknown = null
      try {
        shown = branch.family.host.readElsewhere(this.frame, cell, false)
      } catch (error) {
        // A failure is an outcome.
        if (memoIn(branch, origin) === null) throw error
      }
      memo = memoIn(branch, origin)
      if (memo === null) return shown as PromiseLike<unknown>
    }
    this.steps.push({ deps: memo.deps, stamps: memo.stamps, emitted: memo.emitted, next: 0 })
    return null
  }
}

function memoIn(branch: Branch, origin: Cell): Memo | null {
  const known = branch.memos.get(origin)
  return known == null || known instanceof Job ? null : known
}
