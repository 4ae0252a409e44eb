/** Long work in slices: between two of them the event loop turns, so that nothing else waits for long. */

/** How long a slice takes, in milliseconds. What is done between two looks at the clock comes on top. */
const SLICE = 4

/** Asks to be called back after everything else that waits now. */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => unknown }
  if (setImmediate !== undefined) return new Promise((resolve) => void setImmediate(resolve))
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(null)
  })
}

export class Slices {
  private until: number = performance.now() + SLICE
  private count = 0

  /** Whether it is time to `rest`. Costs a look at the clock every `every` calls. */
  due(every = 16): boolean {
    if (++this.count % every !== 0) return false
    return performance.now() >= this.until
  }

  /** Lets the event loop turn. */
  async rest(): Promise<void> {
    await turn()
    this.until = performance.now() + SLICE
  }

  /** Sorts, in slices: a merge sort from the bottom up. */
  async sort<T>(list: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
    const runs: T[][] = []
    for (let start = 0; start < list.length; start += RUN) {
      runs.push(list.slice(start, start + RUN).toSorted(compare))
      if (this.due(1)) await this.rest()
    }
    while (runs.length > 1) {
      const merged: T[][] = []
      for (let i = 0; i < runs.length; i += 2) merged.push(i + 1 < runs.length ? await this.merge(runs[i] as T[], runs[i + 1] as T[], compare) : (runs[i] as T[]))
      runs.splice(0, runs.length, ...merged)
    }
    return runs[0] ?? []
  }

  private async merge<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
    // What came in order stays in order.
    if (compare(left.at(-1) as T, right[0] as T) <= 0) return left.concat(right)
    const merged: T[] = []
    let i = 0
    let j = 0
    while (i < left.length || j < right.length) {
      const fromLeft = j >= right.length || (i < left.length && compare(left[i] as T, right[j] as T) <= 0)
      merged.push((fromLeft ? left[i++] : right[j++]) as T)
      if (this.due(512)) await this.rest()
    }
    return merged
  }
}

/** What is sorted at once. */
const RUN = 2048
