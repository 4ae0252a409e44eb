/** Interleavings that can be repeated. */
import { flush } from './gates.js'
import { type Random, random } from './random.js'

interface Step {
  readonly label: string
  readonly resolve: () => void
}

/**
 * Bodies wait here between their reads, and a seed says who goes on next: equal seeds give equal orders, so that an order which
 * shows a fault can be had again.
 *
 * ```ts
 * const scheduler = new Scheduler(seed)
 * const sum = derived('sum', async (q) => {
 *   const a = q.get(x)
 *   await scheduler.step('sum')
 *   return a + q.get(y)
 * })
 * const answers = [db.get(sum), db.get(other)]
 * await scheduler.run()
 * ```
 */
export class Scheduler {
  private readonly random: Random
  private readonly waiting: Step[] = []

  constructor(seed = 0) {
    this.random = random(seed)
  }

  /** What a body awaits. */
  step(label = ''): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ label, resolve })
    })
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.length
  }

  /** Lets one of those who wait go on: the one with this number, counted on from the start where it is too high; by default one that the seed chooses. Gives its label. */
  release(choice: number = this.random.int(this.waiting.length)): string | undefined {
    const [step] = this.waiting.splice(choice % Math.max(1, this.waiting.length), 1)
    step?.resolve()
    return step?.label
  }

  /** Lets one after the other go on until nothing waits any more. Gives their labels in that order. */
  async run(): Promise<string[]> {
    const order: string[] = []
    await flush()
    while (this.waiting.length > 0) {
      order.push(this.release() as string)
      await flush()
    }
    return order
  }
}
