/** Places where bodies wait. Every `at(label)` is a gate of its own; the test opens them by label, in any order. */
import { flush, type Gate, gate } from './gates.js'

interface Stop {
  readonly label: string
  readonly gate: Gate<void>
}

export class Stops {
  private readonly waiting: Stop[] = []

  /** What a body awaits. */
  at(label: string): Promise<void> {
    const stop = { label, gate: gate() }
    this.waiting.push(stop)
    return stop.gate.promise
  }

  /** The labels at which bodies wait, in the order in which they came. */
  get labels(): string[] {
    return this.waiting.map(({ label }) => label)
  }

  /** Lets the one go on that has waited longest at the label, and all follow that can. */
  async open(label: string): Promise<void> {
    this.take(label).open()
    await flush()
  }

  async fail(label: string, error: unknown): Promise<void> {
    this.take(label).fail(error)
    await flush()
  }

  /** Opens everything, until nothing waits any more. */
  async openAll(): Promise<void> {
    await flush()
    for (let stop = this.waiting.shift(); stop !== undefined; stop = this.waiting.shift()) {
      stop.gate.open()
      await flush()
    }
  }

  private take(label: string): Gate<void> {
    const at = this.waiting.findIndex((stop) => stop.label === label)
    const stop = this.waiting[at]
    if (stop === undefined) throw new Error(`Nothing waits at ${label}, only at: ${this.labels.join(', ')}`)
    this.waiting.splice(at, 1)
    return stop.gate
  }
}
