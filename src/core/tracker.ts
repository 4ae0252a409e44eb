/**
 * `q`: what one evaluation sees of the world, and records. Tracking goes through this object and nothing else, so it survives
 * `await`, `Promise.all`, timers and callbacks.
 *
 * The fast way: the record read next is most often the one the run before read at the same place. Its edge is there,
 * names the definition and the argument, and nothing has to be looked up.
 */
import { type Branch, ELSEWHERE, ENDED, READING, VOLATILES } from './branch.js'
import type { AnyAccumulator, AnyInterned, Definition } from './define.js'
import { emit } from './emission.js'
import { FinishedQueryError, InvalidDefinitionError } from './errors.js'
import { type Frame, jobOf, valueIn, valueOf } from './frame.js'
import { intern, lookup } from './intern.js'
import { completeRead } from './job.js'
import { type Cell, CLEAN, type Edge, idOf, isCell, type Node, type Slot, SPECIAL, VOLATILE } from './node.js'
import { hiddenSlot, invalidationOf, localOf, originOf, quickOrigin, recordIn, rootOf, stampIn, tableOf, tableRootOf } from './records.js'
import { ABSENT } from './revision.js'
import { entriesOf, keysOf, type TableRoot } from './root.js'

export class Tracker {
  private readonly frame: Frame
  private readonly cell: Cell
  /** The run it was made for: the frame may serve another one later. */
  protected run: number

  constructor(frame: Frame, cell: Cell, run: number) {
    this.frame = frame
    this.cell = cell
    this.run = run
  }

  get(definition: Definition, first?: unknown): unknown {
    const { frame, run } = this
    const count = arguments.length
    if (frame.quick === run) {
      const { tail } = frame
      const edge = tail === null ? frame.cell.deps : tail.nextDep
      // After straying, what comes next may have been read already, or be unknown to have been.
      if (edge !== null && isOf(edge.dep, definition, first, count) && (edge.dep.seenBy < run || !frame.strayed)) {
        const { dep } = edge
        frame.tail = edge
        edge.run = run
        if (dep.seenBy < run) dep.seenBy = run
        if (!isPlain(dep)) return readAt(frame, dep, edge)
        edge.stamp = dep.stamp
        if (dep.changedAt > frame.changedAt) frame.changedAt = dep.changedAt
        return dep.value
      }
      if (tail !== null && isOf(tail.dep, definition, first, count) && isPlain(tail.dep)) return tail.dep.value
    }
    const node = count < 3 && frame.run === run && frame.state === READING ? find(frame, definition, first, count) : null
    return node === null ? this.read(definition, arguments, true) : readFound(frame, node)
  }

  peek(definition: Definition, ..._args: unknown[]): unknown {
    return this.read(definition, arguments, false)
  }

  has(definition: Definition, ..._args: unknown[]): boolean {
    const slot = this.find(definition, arguments)
    if (isCell(slot)) throw new InvalidDefinitionError(`has takes an input, and ${definition.name} is a query.`)
    return track(this.frame, slot) !== ABSENT
  }

  keys(definition: Definition): readonly unknown[] {
    return keysOf(this.readTable(definition, 'keys'))
  }

  entries(definition: Definition): unknown {
    return entriesOf(this.readTable(definition, 'entries'))
  }

  intern(definition: AnyInterned, value: unknown): number {
    this.checkOpen()
    return intern(this.frame.branch.family, definition, value)
  }

  lookup(definition: AnyInterned, id: unknown): unknown {
    this.checkOpen()
    return lookup(this.frame.branch.family, definition, id)
  }

  volatile(): void {
    this.checkOpen()
    const { frame } = this
    frame.flags |= VOLATILE
    frame.branch.family.note(VOLATILES, true)
  }

  emit(channel: AnyAccumulator, item: unknown): void {
    this.checkOpen()
    emit(this.frame, channel, item)
  }

  get signal(): AbortSignal {
    const { frame } = this
    // An evaluation that has ended has nothing to be told any more, unless it was cancelled.
    if (frame.run !== this.run || (frame.state === ENDED && frame.job === null)) return new AbortController().signal
    const job = jobOf(frame)
    job.controller ??= new AbortController()
    if (job.cancelled) job.controller.abort(job.reason)
    return job.controller.signal
  }

  get revision(): number {
    return this.frame.branch.revision
  }

  /** A `q` for one of several attempts of the body. */
  attempt(): TrackerOfAttempt {
    // What an attempt has emitted that failed goes with it.
    this.frame.emitted = null
    return new TrackerOfAttempt(this.frame, this.cell, this.run)
  }

  get isOver(): boolean {
    return this.frame.run !== this.run || this.frame.state === ENDED
  }

  private read(definition: Definition, list: ArrayLike<unknown>, tracked: boolean): unknown {
    const node = this.find(definition, list)
    const { frame } = this
    const { host } = frame.branch.family
    if (!isCell(node)) {
      if (tracked) track(frame, node)
      return frame.state === READING ? valueOf(node) : valueIn(frame.branch, node)
    }
    if (frame.state === ELSEWHERE) return host.readElsewhere(frame, node, tracked)
    return host.read(frame, node, tracked ? frame.link(node) : null)
  }

  private readTable(definition: Definition, which: 'keys' | 'entries'): TableRoot {
    this.checkOpen()
    if (definition?.kind !== 'input') throw new InvalidDefinitionError(`${which} takes an input, and ${tableOf(this.frame.branch.family.head, definition).definition.name} is a query.`)
    const { branch } = this.frame
    track(this.frame, hiddenSlot(this.cell.table.branch as Branch, definition, which))
    rootOf(branch)
    return tableRootOf(branch, definition)
  }

  private find(definition: Definition, list: ArrayLike<unknown>): Node {
    this.checkOpen()
    const home = this.cell.table.branch as Branch
    return localOf(home, originOf(home.family.head, definition, list, 1, list.length))
  }

  private checkOpen(): void {
    const { frame } = this
    const isOwn = frame.run === this.run
    if (isOwn && frame.state !== ENDED) return
    if (isOwn && frame.job?.cancelled) throw frame.job.reason
    const error = new FinishedQueryError(idOf(this.cell))
    const { misused, report } = frame.branch.family.delivery
    for (const told of misused) {
      try {
        told(error)
      } catch (failure) {
        report(failure)
      }
    }
    throw error
  }
}

/** The evaluation that reads through a `q`. */
export const frameOf = (q: object): Frame => (q as unknown as { readonly frame: Frame }).frame

/** What one of several attempts sees: its signal fires, and its reads end, when it is given up. */
class TrackerOfAttempt extends Tracker {
  private readonly controller = new AbortController()
  /** The signal of the whole evaluation, once this one follows it. */
  private followed: AbortSignal | null = null
  private readonly follow = (): void => this.controller.abort(this.followed?.reason)

  override get signal(): AbortSignal {
    if (this.followed === null && !this.controller.signal.aborted) {
      this.followed = super.signal
      if (this.followed.aborted) this.follow()
      else this.followed.addEventListener('abort', this.follow)
    }
    return this.controller.signal
  }

  end(reason: unknown): void {
    this.run = -1
    this.followed?.removeEventListener('abort', this.follow)
    if (reason !== null) this.controller.abort(reason)
  }
}

/** Reads through an edge, whatever it leads to. */
function readAt(frame: Frame, dep: Node, edge: Edge): unknown {
  if (isCell(dep)) return frame.branch.family.host.read(frame, dep, edge)
  edge.stamp = dep.stamp
  if (dep.changedAt > frame.changedAt) frame.changedAt = dep.changedAt
  return valueOf(dep)
}

/** The record of the head for no argument or one primitive: among those first read, or in its table. */
function find(frame: Frame, definition: Definition, first: unknown, count: number): Node | null {
  const branch = frame.cell.table.branch as Branch
  let edge = frame.tail === null ? null : frame.cell.deps
  for (let i = 0; i < LOOK_BACK && edge !== null; i++) {
    if (isOf(edge.dep, definition, first, count)) return edge.dep
    edge = edge === frame.tail ? null : edge.nextDep
  }
  return branch.records === null ? quickOrigin(branch, definition, first, count - 1) : null
}

function readFound(frame: Frame, dep: Node): unknown {
  const edge = dep.seenBy === frame.run ? null : frame.link(dep)
  if (edge !== null) return readAt(frame, dep, edge)
  if (isPlain(dep) && !frame.branch.hub.active) return dep.value
  return isCell(dep) ? frame.branch.family.host.read(frame, dep, null) : valueOf(dep)
}

/** Whether the record holds a plain value as it stands. */
const isPlain = (dep: Node): boolean => dep.mark === CLEAN && (dep.flags & SPECIAL) === 0 && dep.stamp !== ABSENT

/** Records a slot, and gives the stamp it shows. */
export function track(frame: Frame, slot: Slot): number {
  const { branch } = frame
  const seen = frame.state === READING ? slot : { stamp: stampIn(branch, slot.origin), changedAt: recordIn(branch, slot.origin)?.changedAt ?? 0 }
  const edge = frame.link(slot)
  if (edge !== null || frame.job?.reads) completeRead(frame, slot, edge, frame.run, seen)
  return seen.stamp
}

/** A cell that was ever invalidated by hand depends on the slot that says when. */
export function trackInvalidation(frame: Frame): void {
  const slot = invalidationOf(frame.cell)
  if (slot !== null) track(frame, localOf(frame.cell.table.branch as Branch, slot) as Slot)
}

/** So many of the first reads are looked at before a record is looked up by its key. */
const LOOK_BACK = 4

/** Whether the record is that of a definition and no argument, or one primitive. */
function isOf({ table, args }: Node, definition: Definition, first: unknown, count: number): boolean {
  return table.definition === definition && (count === 1 ? args === undefined : count === 2 && args === first && typeof first !== 'object')
}
