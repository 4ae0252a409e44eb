/** Bodies wait here between their reads; the history says who goes on, so every order can be had again. */
export class Scheduler {
  private readonly waiting: (() => void)[] = []

  get size(): number {
    return this.waiting.length
  }

  step(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
    })
  }

  /** Lets one of those who wait go on. */
  release(choice: number): void {
    const [resolve] = this.waiting.splice(choice % Math.max(1, this.waiting.length), 1)
    resolve?.()
  }
}

/** Runs all promise reactions that are ready, however many follow each other. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
