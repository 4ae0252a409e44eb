/** Random callers that come and leave while inputs are written, up to a close at any moment. */
import { flush, type Random, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { ClosedError, derived, input, type View } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'
import { macrotask, type Tracked, track } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const other = input<[], number>('other', { initial: 0 })

interface Caller {
  readonly expected: number
  readonly outcome: Tracked<number>
  /** Null: it cannot leave. */
  readonly leaver: AbortController | null
  hasLeft: boolean
}

/** Three layers that share children; whoever reads also notes how often its signal fires. */
function makeQueries(stops: Stops, fired: Map<AbortSignal, number>) {
  const leaf = derived('leaf', async (q, at: number) => {
    const { signal } = q
    signal.addEventListener('abort', () => fired.set(signal, (fired.get(signal) ?? 0) + 1))
    if (at % 2 === 0) await stops.at(`leaf ${at}`)
    return q.get(x) + at
  })
  const middle = derived('middle', async (q, at: number) => {
    const [a, b] = await Promise.all([q.get(leaf, at), q.get(leaf, at + 1)])
    await stops.at(`middle ${at}`)
    // A body that treats its abort like a failure of its child.
    return q.get(leaf, at + 2).then(
      (c) => a + b + c,
      () => -1,
    )
  })
  const top = derived('top', async (q, at: number) => {
    if (at === 1) await stops.at('top 1')
    return (await q.get(middle, at)) + (await q.get(middle, at + 1))
  })
  const middleOf = (value: number, at: number): number => 3 * (value + at) + 3
  return [
    { query: leaf, answer: (value: number, at: number) => value + at },
    { query: middle, answer: middleOf },
    { query: top, answer: (value: number, at: number) => middleOf(value, at) + middleOf(value, at + 1) },
  ]
}

function checkCallers(callers: readonly Caller[], isClosed: boolean): void {
  for (const { expected, outcome, leaver, hasLeft } of callers) {
    if (outcome.state === 'fulfilled') expect(outcome.value).toBe(expected)
    else {
      expect(outcome.state).toBe('rejected')
      if (hasLeft) expect(outcome.error).toBe(leaver?.signal.reason)
      else expect([isClosed, outcome.error]).toEqual([true, expect.any(ClosedError)])
    }
  }
}

async function history(random: Random): Promise<void> {
  const db = createDatabase()
  const stops = new Stops()
  const fired = new Map<AbortSignal, number>()
  const queries = makeQueries(stops, fired)
  const views: { readonly view: View; value: number }[] = [{ view: db, value: 0 }]
  const callers: Caller[] = []
  const closesAt = random.chance(0.3) ? random.int(120) : Infinity
  const ask = (): void => {
    const { view, value } = random.pick(views)
    const { query, answer } = random.pick(queries)
    const at = random.int(3)
    const leaver = random.chance(0.8) ? new AbortController() : null
    const promise = leaver === null ? view.get(query, at) : view.with({ signal: leaver.signal }).get(query, at)
    callers.push({ expected: answer(value, at), outcome: track(promise), leaver, hasLeft: false })
  }
  const leave = (): void => {
    const caller = random.pick(callers)
    if (caller.leaver === null) return
    caller.hasLeft = true
    caller.leaver.abort(callers.indexOf(caller))
  }
  let written = 0
  for (let i = 0; i < 120 && i < closesAt; i++) {
    const action = random.int(10)
    const at = random.pick(views)
    if (action < 4) ask()
    else if (action < 6 && callers.length > 0) leave()
    else if (action === 6) at.view.set(x, (at.value = random.int(4)))
    else if (action === 7) at.view.set(other, ++written)
    else if (action === 8 && views.length < 3) views.push({ view: db.snapshot(), value: views[0]?.value ?? 0 })
    else if (stops.labels.length > 0) await stops.open(random.pick(stops.labels))
    if (random.chance(0.3)) await flush()
  }
  if (closesAt < Infinity) db.close()
  await stops.openAll()
  await macrotask()
  expect(db.stats().jobs).toBe(0)
  checkCallers(callers, closesAt < Infinity)
  expect([...fired.values()].every((times) => times === 1)).toBe(true)
}

describe('random callers', () => {
  it('[CAN-1 CAN-2 CAN-7 CAN-8 JOB-4] whoever stays gets the answer of his revision, whoever leaves his reason; nothing is left, and nothing unhandled', async () => {
    const unhandled = await unhandledDuring(() => forSeeds(80, history))
    expect(unhandled).toEqual([])
  }, 60_000)
})
