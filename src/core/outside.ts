/** Reads from outside: callers that are no queries, and hold promises of their own. */
import type { Branch } from './branch.js'
import { Job } from './branch.js'
import { derived, type Equals, type Query } from './define.js'
import { type Engine, showCell, showMemo } from './engine.js'
import { cutEdges } from './graph.js'
import { addWait, leave, promiseOf } from './job.js'
import { handOut } from './judge.js'
import { ASYNC, Cell, EVICTED, FAILED, type Failure, isFresh, type Memo, type Outcome, Table } from './node.js'
import { localOf } from './records.js'
import { isAsync } from './run.js'
import { tellRead } from './tell.js'

/** What a query shows, or the promise of it. @throws what the query threw */
export function demandOutside(engine: Engine, branch: Branch, origin: Cell): unknown {
  const { active } = branch.family
  const cell = localOf(branch.home, origin) as Cell
  // A body that reads past its q: nothing is recorded, but a cycle must not hang.
  if (active !== null) return engine.readPast(active, branch, cell)
  const isHit = branch.hub.active && (branch.frozen ? branch.memos.has(origin) : isFresh(cell) && (cell.flags & EVICTED) === 0)
  const found = engine.demand(branch, cell, null)
  if (found instanceof Job) {
    tellJoined(branch, cell, found)
    found.holders++
    const promise = promiseOf(found, false)
    engine.idle()
    return promise
  }
  if (isHit) tellRead(branch, cell, 'queryHit')
  return shown(engine, found)
}

/** The caller is not the first to wait. */
function tellJoined(branch: Branch, cell: Cell, job: Job): void {
  if (branch.hub.active && (job.holders > 0 || job.waiters !== null)) tellRead(branch, cell, 'queryJoined')
}

/** What was found, as it is now: whoever hears of it may write in answer, and a commit lets values go. */
function shown(engine: Engine, found: Outcome): unknown {
  try {
    return show(found)
  } finally {
    engine.idle()
  }
}

function show(found: Outcome): unknown {
  if ((found.flags & FAILED) !== 0) handOut(found.value as Failure)
  return found instanceof Cell ? showCell(found) : showMemo(found as Memo, false)
}

/** Like `demandOutside`, for a caller that leaves when the signal fires. */
export function valueWithSignal(engine: Engine, branch: Branch, origin: Cell, signal: AbortSignal): unknown {
  const cell = localOf(branch.home, origin) as Cell
  if (signal.aborted) {
    if (isAsync(cell)) return Promise.reject(signal.reason)
    throw signal.reason
  }
  const isHit = branch.hub.active && (branch.frozen ? branch.memos.has(origin) : isFresh(cell) && (cell.flags & EVICTED) === 0)
  const found = engine.demandPast(branch, cell)
  if (!(found instanceof Job)) {
    if (isHit) tellRead(branch, cell, 'queryHit')
    return shown(engine, found)
  }
  tellJoined(branch, cell, found)
  const promise = new Promise<unknown>((resolve, reject) => {
    const abort = (): void => {
      signal.removeEventListener('abort', abort)
      leave(wait, signal.reason)
      reject(signal.reason)
      engine.idle()
    }
    const ended = (outcome: Outcome | null): void => {
      signal.removeEventListener('abort', abort)
      if (outcome === null) reject(found.reason)
      else if ((outcome.flags & FAILED) !== 0) reject((outcome.value as Failure).error)
      else resolve(outcome.value)
    }
    const wait = addWait(found, null, null, null, { ended })
    signal.addEventListener('abort', abort)
    // It may have fired in the synchronous part of the body.
    if (signal.aborted) abort()
  })
  engine.idle()
  return promise
}

/** The revision at which a query's outcome last changed. */
export function touchOutside(engine: Engine, branch: Branch, origin: Cell): number | Promise<number> {
  const found = engine.demandPast(branch, localOf(branch.home, origin) as Cell)
  if (!(found instanceof Job)) {
    const { flags, changedAt } = found
    engine.idle()
    return (flags & ASYNC) === 0 ? changedAt : Promise.resolve(changedAt)
  }
  const promise = new Promise<number>((resolve, reject) => {
    const ended = (outcome: Outcome | null): void => {
      if (outcome === null) reject(found.reason)
      else resolve(outcome.changedAt)
    }
    addWait(found, null, null, null, { ended })
  })
  engine.idle()
  return promise
}

/** A cell of no name, for a function that is evaluated where it stands. */
export function anonymousCell(branch: Branch, name: string, body: (q: Query) => unknown, equals?: Equals<unknown>): Cell {
  return new Cell(new Table(derived(name, body, equals === undefined ? undefined : { equals }), branch.home, branch.family.unnamed), undefined, null)
}

/** Evaluates a function once, and keeps nothing of it. */
export function readOnce(engine: Engine, branch: Branch, body: (q: Query) => unknown, name = 'read'): unknown {
  const cell = anonymousCell(branch, name, body)
  const found = engine.demand(branch, cell, null)
  const forget = (): void => {
    cutEdges(cell, null)
    branch.memos.delete(cell)
  }
  if (found instanceof Job) {
    addWait(found, null, null, null, { ended: forget })
    const promise = promiseOf(found, false)
    engine.idle()
    return promise
  }
  forget()
  return shown(engine, found)
}
