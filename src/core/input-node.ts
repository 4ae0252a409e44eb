/** An input as an Observable and an Observer: what it shows now, then every new value after its commit. */
import type { Branch } from './branch.js'
import { Audience } from './audience.js'
import { Outlet } from './delivery.js'
import { valueIn, valueOf } from './frame.js'
import type { Slot } from './node.js'
import { localOf, stampIn } from './records.js'

/**
 * One input record. Subscribing gives the current value at once. `next` writes it; `complete` and `error` end nothing: the input
 * keeps its value, and the error is reported to `onUnhandledError`.
 */
export class InputNode<V> extends Outlet<V> {
  private readonly branch: Branch
  private readonly slot: Slot
  private readonly audience: Audience<V>

  constructor(branch: Branch, slot: Slot, write: (value: V) => void) {
    const audience = new Audience<V>()
    super(branch.hub, (subscriber) => {
      let told = stampOf(branch, slot)
      const leave = audience.add(subscriber, () => {
        // It has heard of this state when it came.
        const stamp = stampOf(branch, slot)
        const isNews = stamp !== told
        told = stamp
        return isNews
      })
      subscriber.next(read(branch, slot) as V)
      return leave
    })
    this.branch = branch
    this.slot = slot
    this.audience = audience
    this.write = write
    if (!branch.frozen) this.move()
  }

  private readonly write: (value: V) => void

  /** Stands at the record of a branch that is written to. */
  move(): void {
    const local = localOf(this.branch, this.slot) as Slot
    local.outlet = () => {
      if (this.audience.size > 0) this.audience.next(read(this.branch, this.slot) as V)
    }
  }

  /** The value now; `undefined` while the input is absent. */
  get value(): V {
    return read(this.branch, this.slot) as V
  }

  /** Writes the input, like `set`. */
  next(value: V): void {
    this.write(value)
  }

  error(error: unknown): void {
    this.branch.family.delivery.report(error)
  }

  complete(): void {}
}

function stampOf(branch: Branch, slot: Slot): number {
  return branch.frozen ? stampIn(branch, slot) : (localOf(branch, slot) as Slot).stamp
}

function read(branch: Branch, slot: Slot): unknown {
  try {
    return branch.frozen ? valueIn(branch, slot) : valueOf(localOf(branch, slot) as Slot)
  } catch {
    return undefined
  }
}
