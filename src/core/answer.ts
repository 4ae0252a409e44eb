/**
 * Whether the answer of a cycle holds. A read that closes the cycle shows what the rounds have come to, so the stamp of what is read says
 * nothing. In its place the reader depends on a query of no name, which reads all that the rounds have read beyond the cycle:
 *
 *   a ──> b ──(closes the cycle)──> a         b ──> answer ──> inputs and queries, of whatever round
 *
 * It runs once. Where something below it changes it is another one: whoever depends on it runs again, and meets the cycle that there is then.
 */
import { type Branch, READING } from './branch.js'
import type { AnyDerived, Query } from './define.js'
import type { Frame } from './frame.js'
import { cutEdges } from './graph.js'
import { ignore } from './job.js'
import { Cell, CHECKING, isCell, markBroken, type Node, RUNNING, Table } from './node.js'
import { localOf } from './records.js'
import { isThenable } from './run.js'
import { frameOf, track } from './tracker.js'

/** The record of the head for an answer that depends on these records of the head. `awaited`: those that somebody on the cycle has waited for. */
export function makeAnswer(head: Branch, deps: readonly Node[], awaited: ReadonlySet<Node>): Cell {
  let isKnown = false
  const body = (q: Query): unknown => {
    // It does not hold any more, or not in another view.
    if (isKnown) return q.volatile()
    const frame = frameOf(q)
    const waits: PromiseLike<unknown>[] = []
    for (const dep of deps) {
      const shown = touch(frame, dep)
      if (isThenable(shown) && awaited.has(dep)) waits.push(shown)
    }
    const end = (): void => {
      isKnown = frame.branch.family.unwind === null
    }
    return waits.length === 0 ? end() : Promise.all(waits).then(end)
  }
  const definition: AnyDerived = Object.freeze({ kind: 'derived', name: 'cycle', hash: 0, body, options: Object.freeze({ equals: false }), isAsync: false, isAnswer: true })
  return new Cell(new Table(definition, head, head.family.unnamed), undefined, null)
}

/** Reads a record for its stamp; a promise where that is on its way. A failure is an outcome. */
function touch(frame: Frame, origin: Node): unknown {
  const { branch } = frame
  const { host } = branch.family
  const node = localOf(branch.home, origin)
  if (!isCell(node)) return track(frame, node)
  try {
    const shown = frame.state === READING ? host.read(frame, node, frame.link(node)) : host.readElsewhere(frame, node, true)
    return isThenable(shown) ? Promise.resolve(shown).catch(ignore) : null
  } catch {
    return null
  }
}

/** How many answers are looked at whenever there is a new one. */
const SWEPT = 3

/** An answer of a branch that is written to is known there until nobody depends on it. */
export function keepAnswer(branch: Branch, answer: Cell): void {
  const answers = (branch.answers ??= new Set())
  if (answers.has(answer)) return
  let count = 0
  for (const known of answers) {
    if (count++ === SWEPT) break
    answers.delete(known)
    if (!dropAnswer(known)) answers.add(known)
  }
  answers.add(answer)
}

/** Lets go of the answers that nobody depends on. */
export function dropAnswers({ answers }: Branch): void {
  for (const known of answers ?? []) if (dropAnswer(known)) answers?.delete(known)
}

function dropAnswer(cell: Cell): boolean {
  if (cell.dependents !== null || cell.job !== null || cell.owner !== null || (cell.flags & (RUNNING | CHECKING)) !== 0) return false
  cutEdges(cell, null)
  markBroken(cell)
  const { records, tables } = cell.table.branch as Branch
  records?.delete(cell.origin)
  if (records !== null) tables.delete(cell.table.definition)
  return true
}

