/**
 * One evaluation of a body: where it stands among the edges of its cell, and what has come of it so far. Frames of plain runs are
 * used again, so nobody outside the engine ever holds one: bodies get a `Tracker`.
 */
import { type Branch, type Evaluation, type Job, READING } from './branch.js'
import type { AnyAccumulator, AnyInput } from './define.js'
import { type CycleError, MissingInputError } from './errors.js'
import { insertEdge } from './graph.js'
import { openJob } from './job.js'
import { type Cell, type Edge, idOf, type Node, PENDING, type Slot } from './node.js'
import { recordIn } from './records.js'
import { ABSENT, type Stamp } from './revision.js'

export class Frame implements Evaluation {
  cell: Cell
  branch: Branch
  run: number
  state: 0 | 1 | 2
  quick: number
  tail: Edge | null = null
  changedAt = 0
  flags = 0
  keeps: Stamp = ABSENT
  job: Job | null = null
  parent: Evaluation | null
  cycle: CycleError | null = null
  ring: Evaluation | null = null
  met: CycleError[] | null = null
  asks: Cell | null = null
  /** This run has read in another order than the last: what comes next in the list may have been read already. */
  strayed = false
  /** What it has read, once that is too much to look through. */
  known: Set<Node> | null = null
  /** What it has emitted so far; `EMITTED` is among its flags then. */
  emitted: Map<AnyAccumulator, unknown[]> | null = null
  trace: { readonly cause: string; startedAt: number; isTold?: boolean } | null = null

  constructor(cell: Cell, branch: Branch, run: number, state: 0 | 1, parent: Evaluation | null) {
    this.cell = cell
    this.branch = branch
    this.run = run
    this.state = state
    this.quick = state === READING && !branch.hub.active ? run : 0
    this.parent = parent
  }

  /** The edges are those of a run that never settled: nothing can be told from their order. */
  stray(): void {
    this.strayed = true
  }

  /** Records that the record is read; null where this run has read it before, or owns no edges. */
  link(node: Node): Edge | null {
    if (this.job !== null && this.job.reads !== null) return null
    const next = this.tail === null ? this.cell.deps : this.tail.nextDep
    const follows = next !== null && next.dep === node
    if (!(follows && !this.strayed)) {
      if (this.hasRead(node)) return null
      if (!follows) {
        this.tail = insertEdge(this.cell, this.tail, node, this.run)
        this.stray()
      }
    }
    if (follows) this.tail = next
    const edge = this.tail as Edge
    edge.run = this.run
    edge.stamp = PENDING
    if (node.seenBy < this.run) node.seenBy = this.run
    this.known?.add(node)
    return edge
  }

  private hasRead(node: Node): boolean {
    if (node.seenBy <= this.run) return node.seenBy === this.run
    // A later run has read it since, so that its number tells nothing.
    if (this.known !== null) return this.known.has(node)
    let steps = 0
    for (let edge = this.tail === null ? null : this.cell.deps; edge !== null; edge = edge === this.tail ? null : edge.nextDep) {
      if (edge.dep === node) return true
      steps++
    }
    if (steps > SCAN_LIMIT) {
      this.known = new Set(readsOf(this.cell, this.tail))
      this.quick = 0
    }
    return false
  }
}

/** Up to here a list is looked through; beyond, it is made a set. */
const SCAN_LIMIT = 32

function* readsOf(cell: Cell, tail: Edge | null): Generator<Node> {
  for (let edge = tail === null ? null : cell.deps; edge !== null; edge = edge === tail ? null : edge.nextDep) yield edge.dep
}

/** The run whose edges count in place of those before it: none, where a value is brought back that others have read already. */
export function countedRun({ keeps, run }: Evaluation): number {
  return keeps === ABSENT ? run : 0
}

/** The evaluation's job, opened early where something needs it before the body has returned. */
export function jobOf(frame: Evaluation): Job {
  if (frame.job !== null) return frame.job
  const job = openJob(frame.cell, frame.branch)
  job.phase = 'running'
  job.frame = frame
  job.run = countedRun(frame)
  frame.job = job
  return job
}

/** What a slot shows. @throws MissingInputError where it must not be absent */
export function valueOf(slot: Slot): unknown {
  if (slot.stamp === ABSENT) return absent(slot)
  return slot.value
}

/** What a slot shows in a frozen branch. @throws MissingInputError where it must not be absent */
export function valueIn(branch: Branch, slot: Slot): unknown {
  const record = recordIn(branch, slot.origin)
  if (record !== undefined) return record.value
  const { options } = slot.table.definition as AnyInput
  return 'initial' in options ? options.initial : absent(slot)
}

/** What an absent slot gives. @throws MissingInputError where it must not be absent */
export function absent(slot: Slot): undefined {
  const definition = slot.table.definition as AnyInput
  if (definition.options.required === true) throw new MissingInputError(definition.name, idOf(slot))
  return undefined
}
