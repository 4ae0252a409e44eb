/** Places where bodies wait until the test lets them go on. */
import { flush, type Gate, gate } from './gates.js'

interface Stop {
  readonly label: string
  readonly gate: Gate<void>
}

/**
 * Named gates. Every `at(label)` is a gate of its own; the test opens them by label, in any order.
 *
 * ```ts
 * const stops = new Stops()
 * const words = derived('words', async (q, path: string) => {
 *   await stops.at(path)
 *   return q.get(file, path).split(' ').length
 * })
 * const answer = db.get(words, 'a.md')
 * await stops.open('a.md')
 * ```
 */
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

  /** Lets the one go on that has waited longest at the label, and all follow that can. @throws where nothing waits there */
  async open(label: string): Promise<void> {
    this.take(label).open()
    await flush()
  }

  /** Like `open`, but its `await` throws the error. */
  async fail(label: string, error: unknown): Promise<void> {
    this.take(label).fail(error)
    await flush()
  }

  /** Opens everything in the order in which it came, until nothing waits any more. */
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
