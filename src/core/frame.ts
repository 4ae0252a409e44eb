/**
 * `q`: what one evaluation sees of the world, and records. Tracking goes through this object and nothing else, so it survives
 * `await`, `Promise.all`, timers and callbacks.
 *
 * The fast way: the record read next is most often the one the run before read at the same place. Its edge is there,
 * names the definition and the argument, and nothing has to be looked up.
 */
import { type Branch, ELSEWHERE, ENDED, type Evaluation, type Job, READING } from './branch.js'
import type { AnyInput, Definition } from './define.js'
import { type CycleError, FinishedQueryError, InvalidDefinitionError, MissingInputError } from './errors.js'
import { insertEdge } from './graph.js'
import { completeRead, openJob } from './job.js'
import { type Cell, CLEAN, type Edge, idOf, isCell, type Node, OUTCOME, PENDING, Slot, VOLATILE } from './node.js'
import { hiddenSlot, invalidationOf, localOf, originOf, recordIn, rootOf, stampIn, tableRootOf } from './records.js'
import { ABSENT } from './revision.js'
import { entriesOf, keysOf, type TableRoot } from './root.js'

export class Frame implements Evaluation {
  readonly cell: Cell
  branch: Branch
  readonly run: number
  state: 0 | 1 | 2
  tail: Edge | null = null
  changedAt = 0
  flags = 0
  job: Job | null
  parent: Evaluation | null
  cycle: CycleError | null = null
  ring: Evaluation | null = null
  readonly level: number
  /** This run has read in another order than the last: what comes next in the list may have been read already. */
  private strayed = false
  /** What it has read, once that is too much to look through. */
  private known: Set<Node> | null = null
  trace: { readonly cause: string; startedAt: number } | null = null

  constructor(cell: Cell, branch: Branch, run: number, state: 0 | 1, job: Job | null, parent: Evaluation | null) {
    this.cell = cell
    this.branch = branch
    this.run = run
    this.state = state
    this.job = job
    this.parent = parent
    this.level = branch.family.depth
  }

  /** The edges are those of a run that never settled: nothing can be told from their order. */
  stray(): void {
    this.strayed = true
  }

  get(definition: Definition, first?: unknown): unknown {
    if (this.state === READING) {
      const count = arguments.length
      const { tail } = this
      const next = tail === null ? this.cell.deps : tail.nextDep
      // After straying, what comes next may have been read already, or be unknown to have been.
      if (next !== null && isOf(next.dep, definition, first, count) && (!this.strayed || next.dep.seenBy < this.run)) return this.readNext(next)
      if (tail !== null) {
        const dep = this.findAgain(tail, definition, first, count)
        if (dep !== null) return this.readAgain(dep)
      }
    }
    return this.read(definition, arguments, true)
  }

  /** Reads what the run before read at this place. */
  private readNext(edge: Edge): unknown {
    const { dep } = edge
    this.tail = edge
    edge.run = this.run
    if (dep.seenBy < this.run) dep.seenBy = this.run
    this.known?.add(dep)
    if (dep instanceof Slot) return this.readSlot(dep, edge)
    if (dep.mark === CLEAN && (dep.flags & OUTCOME) === 0 && !this.branch.hub.active) return this.readValue(dep, edge)
    return this.branch.family.host.read(this, dep, edge)
  }

  /** What this run has read already, looked for at the cursor and among the first. */
  private findAgain(tail: Edge, definition: Definition, first: unknown, count: number): Node | null {
    if (isOf(tail.dep, definition, first, count)) return tail.dep
    let edge = this.cell.deps as Edge
    for (let i = 0; i < LOOK_BACK && edge !== tail; i++) {
      if (isOf(edge.dep, definition, first, count)) return edge.dep
      edge = edge.nextDep as Edge
    }
    return null
  }

  private readAgain(dep: Node): unknown {
    if (dep instanceof Slot) return dep.stamp === ABSENT ? valueOf(dep) : dep.value
    return this.branch.family.host.read(this, dep, null)
  }

  peek(definition: Definition, ..._args: unknown[]): unknown {
    return this.read(definition, arguments, false)
  }

  has(definition: Definition, ..._args: unknown[]): boolean {
    const slot = this.find(definition, arguments)
    if (isCell(slot)) throw new InvalidDefinitionError(`has takes an input, and ${definition.name} is a query.`)
    return this.track(slot) !== ABSENT
  }

  keys(definition: Definition): readonly unknown[] {
    return keysOf(this.readTable(definition, 'keys'))
  }

  entries(definition: Definition): unknown {
    return entriesOf(this.readTable(definition, 'entries'))
  }

  volatile(): void {
    this.checkOpen()
    this.flags |= VOLATILE
    this.branch.family.hasVolatile = true
  }

  get signal(): AbortSignal {
    // An evaluation that has ended has nothing to be told any more, unless it was cancelled.
    if (this.state === ENDED && this.job === null) return new AbortController().signal
    const job = jobOf(this)
    job.controller ??= new AbortController()
    if (job.cancelled) job.controller.abort(job.reason)
    return job.controller.signal
  }

  get revision(): number {
    return this.branch.revision
  }

  private read(definition: Definition, list: ArrayLike<unknown>, tracked: boolean): unknown {
    const node = this.find(definition, list)
    const { host } = this.branch.family
    if (!isCell(node)) {
      if (tracked) this.track(node)
      return this.state === READING ? valueOf(node) : valueIn(this.branch, node)
    }
    if (this.state === ELSEWHERE) return host.readElsewhere(this, node, tracked)
    return host.read(this, node, tracked ? this.link(node) : null)
  }

  private readSlot(slot: Slot, edge: Edge): unknown {
    edge.stamp = slot.stamp
    if (slot.changedAt > this.changedAt) this.changedAt = slot.changedAt
    return slot.stamp === ABSENT ? valueOf(slot) : slot.value
  }

  /** What the engine does for a valid cell that holds a plain value. */
  private readValue(cell: Cell, edge: Edge): unknown {
    edge.stamp = cell.stamp
    if (cell.changedAt > this.changedAt) this.changedAt = cell.changedAt
    return cell.value
  }

  /** Records a slot, and gives the stamp it shows. */
  private track(slot: Slot): number {
    const seen = this.state === READING ? slot : { stamp: stampIn(this.branch, slot.origin), changedAt: recordIn(this.branch, slot.origin)?.changedAt ?? 0 }
    const edge = this.link(slot)
    if (edge !== null || this.job?.reads) completeRead(this, slot, edge, this.run, seen)
    return seen.stamp
  }

  /** A cell that was ever invalidated by hand depends on the slot that says when. */
  trackInvalidation(): void {
    const slot = invalidationOf(this.cell)
    if (slot !== null) this.track(localOf(this.cell.table.branch as Branch, slot) as Slot)
  }

  private readTable(definition: Definition, which: 'keys' | 'entries'): TableRoot {
    this.checkOpen()
    if (definition.kind !== 'input') throw new InvalidDefinitionError(`${which} takes an input, and ${definition.name} is a query.`)
    this.track(hiddenSlot(this.cell.table.branch as Branch, definition, which))
    rootOf(this.branch)
    return tableRootOf(this.branch, definition)
  }

  private find(definition: Definition, list: ArrayLike<unknown>): Node {
    this.checkOpen()
    const home = this.cell.table.branch as Branch
    return localOf(home, originOf(home.family.head, definition, list, 1, list.length))
  }

  private checkOpen(): void {
    if (this.state !== ENDED) return
    throw this.job?.cancelled ? this.job.reason : new FinishedQueryError(idOf(this.cell))
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
        this.strayed = true
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
    if (steps > SCAN_LIMIT) this.known = new Set(readsOf(this.cell, this.tail))
    return false
  }
}

/** So many of the first reads are looked at before a record is looked up by its key. */
const LOOK_BACK = 4

/** Whether the record is that of a definition and no argument, or one primitive. */
function isOf({ table, args }: Node, definition: Definition, first: unknown, count: number): boolean {
  return table.definition === definition && (count === 1 ? args === undefined : count === 2 && args === first && typeof first !== 'object')
}

/** Up to here a list is looked through; beyond, it is made a set. */
const SCAN_LIMIT = 32

function* readsOf(cell: Cell, tail: Edge | null): Generator<Node> {
  for (let edge = tail === null ? null : cell.deps; edge !== null; edge = edge === tail ? null : edge.nextDep) yield edge.dep
}

/** The evaluation's job, opened early where something needs it before the body has returned. */
export function jobOf(frame: Evaluation): Job {
  if (frame.job !== null) return frame.job
  const job = openJob(frame.cell, frame.branch)
  job.phase = 'running'
  job.frame = frame
  job.run = frame.run
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
