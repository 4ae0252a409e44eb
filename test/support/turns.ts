/** Promises looked at from outside, and turns of the event loop. */

/** What has become of a promise so far. */
export interface Tracked<T> {
  state: 'pending' | 'fulfilled' | 'rejected'
  value?: T
  error?: unknown
}

/** Follows a promise without waiting for it; its failure counts as handled. */
export function track<T>(promise: Promise<T>): Tracked<T> {
  const tracked: Tracked<T> = { state: 'pending' }
  promise.then(
    (value) => {
      tracked.state = 'fulfilled'
      tracked.value = value
    },
    (error: unknown) => {
      tracked.state = 'rejected'
      tracked.error = error
    },
  )
  return tracked
}

/** What a call throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** What a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('The promise was fulfilled.')
}

/** The end of this turn of the event loop: every microtask has run, however many followed each other. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Every order of some things. */
export function ordersOf<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]]
  return list.flatMap((first, i) => ordersOf([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]))
}

/**
 * What each turn of the event loop takes while something is done, in milliseconds, sorted. Other processes of the machine hold it too:
 * what counts is the processor time between two turns.
 */
export async function turnsDuring(run: () => Promise<unknown>): Promise<number[]> {
  const turns: number[] = []
  let before = process.cpuUsage()
  let isDone = false
  const turn = (): void => {
    const { user, system } = process.cpuUsage(before)
    turns.push((user + system) / 1000)
    before = process.cpuUsage()
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  await run()
  isDone = true
  await macrotask()
  return turns.toSorted((a, b) => a - b)
}
