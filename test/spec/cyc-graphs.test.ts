/** Random graphs of queries that fail, or fall back, on their cycles: every answer is what the strong components of the graph say. */
import { flush, random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { limitStack } from '../support/stack.js'
import { createDatabase, CycleError, type Database, derived, type Derived, input, type View } from '../../src/index.js'

type Graph = ReadonlyMap<number, readonly number[]>
type Answer = number | 'cycle'
type Query = Derived<[], number | Promise<number>>

/** How the nodes of one graph are made. `catches`: a node goes on where one that it reads has failed. */
interface Shape {
  readonly isSync: (node: number) => boolean
  readonly hasFallback: (node: number) => boolean
  readonly inTurn: boolean
  readonly catches: boolean
}

const CAUGHT = 1000
const edges = input<[node: number], readonly number[]>('edges', { initial: [] })
const fallbackAt = (node: number): number => -1 - node
const range = (length: number): number[] => Array.from({ length }, (_, i) => i)

function shapeOf(rng: ReturnType<typeof random>, falls: boolean): Shape {
  const kinds = rng.int(3)
  const some = rng.chance(0.4)
  return {
    isSync: (node) => kinds === 0 || (kinds === 2 && node % 3 === 0),
    hasFallback: (node) => falls && (!some || node % 2 === 0),
    inTurn: rng.chance(0.5),
    catches: falls ? some || rng.chance(0.5) : rng.chance(0.7),
  }
}

/** Each node adds its number to what the nodes show that it reads; synchronous ones read synchronous ones alone. */
function queriesOf(nodes: number, { isSync, hasFallback, inTurn, catches }: Shape): readonly Query[] {
  const queries: Query[] = []
  const failed = (error: unknown): number => {
    if (!catches) throw error
    return CAUGHT
  }
  const at = (node: number): Query => queries[node] as Query
  for (const node of range(nodes)) {
    const options = hasFallback(node) ? { cycle: { fallback: fallbackAt(node) } } : {}
    const sync = derived(`n${node}`, (q): number => {
      let sum = node
      for (const next of q.get(edges, node).filter(isSync)) {
        try {
          sum += q.get(at(next)) as number
        } catch (error) {
          sum += failed(error)
        }
      }
      return sum
    }, options)
    const slow = derived(`n${node}`, async (q): Promise<number> => {
      const one = async (next: number): Promise<number> => {
        try {
          return await q.get(at(next))
        } catch (error) {
          return failed(error)
        }
      }
      let sum = node
      if (!inTurn) for (const value of await Promise.all(q.get(edges, node).map(one))) sum += value
      else for (const next of q.get(edges, node)) sum += await one(next)
      return sum
    }, options)
    queries.push(isSync(node) ? sync : slow)
  }
  return queries
}

function reachedFrom(graph: Graph, from: number): ReadonlySet<number> {
  const seen = new Set(graph.get(from))
  for (const node of seen) for (const next of graph.get(node) ?? []) seen.add(next)
  return seen
}

function expectedOf(graph: Graph, { isSync, hasFallback, catches }: Shape): Answer[] {
  const read: Graph = new Map([...graph].map(([node, next]) => [node, isSync(node) ? next.filter(isSync) : next]))
  const known = new Map<number, Answer>()
  const answer = (node: number): Answer => {
    const found = known.get(node)
    if (found !== undefined) return found
    const parts = reachedFrom(read, node).has(node) ? null : (read.get(node) as readonly number[]).map(answer)
    let shown: Answer = hasFallback(node) ? fallbackAt(node) : 'cycle'
    if (parts !== null) shown = !catches && parts.includes('cycle') ? 'cycle' : parts.reduce<number>((sum, part) => sum + (part === 'cycle' ? CAUGHT : part), node)
    known.set(node, shown)
    return shown
  }
  return range(graph.size).map(answer)
}

async function ask(view: View, query: Query): Promise<Answer> {
  try {
    return await view.get(query)
  } catch (error) {
    if (error instanceof CycleError) return 'cycle'
    throw error
  }
}

/** What promises come to, if they do while reactions follow each other. */
async function settled(answers: readonly Promise<Answer>[]): Promise<readonly Answer[] | 'hangs'> {
  const ended: (readonly Answer[])[] = []
  void Promise.all(answers).then((values) => ended.push(values))
  for (let i = 0; i < 3000 && ended.length === 0; i++) await Promise.resolve()
  return ended[0] ?? 'hangs'
}

/** `isShallow`: of the few bodies that the stack may hold some are given up, and begin anew. */
async function play(seed: number, falls: boolean, isShallow: boolean): Promise<void> {
  const rng = random(seed)
  const nodes = 2 + rng.int(6)
  const shape = shapeOf(rng, falls)
  const queries = queriesOf(nodes, shape)
  const nextOf = (): number[] => [...new Set(Array.from({ length: rng.int(3) }, () => rng.int(nodes)))]
  const graph = new Map(range(nodes).map((node) => [node, nextOf()]))
  const db: Database = createDatabase()
  if (isShallow) limitStack(db, 2 + (seed % 6))
  db.replaceAll(edges, graph)
  for (let step = 0; step < 8; step++) {
    const view = rng.chance(0.3) ? db.snapshot() : db
    const asked = range(3).map(() => rng.int(nodes))
    const all = expectedOf(graph, shape)
    const expected = asked.map((node) => all[node])
    const answers = asked.map((node) => ask(view, queries[node] as Query))
    if (rng.chance(0.5)) expect([seed, step, await settled(answers)]).toEqual([seed, step, expected])
    const node = rng.int(nodes)
    graph.set(node, nextOf())
    db.set(edges, node, graph.get(node) as number[])
    expect([seed, step, await settled(answers)]).toEqual([seed, step, expected])
  }
  await flush()
  expect([seed, db.stats().jobs]).toEqual([seed, 0])
}

describe('who has read a member of a cycle', () => {
  /** `slow` and `ring` need each other; `slow` goes on when told, and reads `catches` where `grows`. */
  function trio(grows: boolean) {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const ran: string[] = []
    const slow: Derived<[], Promise<number>> = derived('slow', async (q) => {
      await q.get(ring).catch(() => 0)
      await gate
      return grows ? q.get(catches) : 1
    })
    const ring: Derived<[], Promise<number>> = derived('ring', async (q) => q.get(slow))
    const catches: Derived<[], Promise<number>> = derived('catches', async (q) => {
      ran.push('catches')
      return q.get(ring).catch(() => 7)
    })
    const passes = derived('passes', async (q) => q.get(ring))
    return { open, ran, queries: { slow, ring, catches, passes } }
  }

  it.each([true, false])('[CYC-7 CYC-4] ends when nobody on it is at work, if he caught its failure, and at once if he passes it on; the cycle grows: %s', async (grows) => {
    const { open, ran, queries } = trio(grows)
    const db = createDatabase()
    const told: [string, Answer][] = []
    const asked = Object.entries(queries).map(async ([name, query]) => told.push([name, await ask(db, query)]))
    await flush()
    expect(told).toEqual([['ring', 'cycle'], ['passes', 'cycle']])
    expect(db.stats().jobs).toBe(2)
    open()
    await Promise.all(asked)
    expect(Object.fromEntries(told.slice(2))).toEqual({ catches: grows ? 'cycle' : 7, slow: 'cycle' })
    expect([ran, db.stats().jobs]).toEqual([['catches'], 0])
  })

  it('[CAN-1 CYC-7] may leave while it waits for the others, and so may its callers', async () => {
    const { open, queries } = trio(false)
    const db = createDatabase()
    const begun = ask(db, queries.slow)
    const leaver = new AbortController()
    const left = db.with({ signal: leaver.signal }).get(queries.catches)
    await flush()
    leaver.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    const again = ask(db, queries.catches)
    open()
    expect([await begun, await again]).toEqual(['cycle', 7])
    await flush()
    expect(db.stats().jobs).toBe(0)
  })
})

describe('random graphs with cycles', () => {
  it.each([1, 1000, 543_357_372, Math.floor(Math.random() * 2 ** 31)])('[CYC-7 CYC-4 CYC-6] every member fails, whatever bodies catch, from each entry and in each order; seeds from %i', async (first) => {
    for (let seed = first; seed < first + 400; seed++) await play(seed, false, false)
  })

  it.each([1, Math.floor(Math.random() * 2 ** 31)])('[CYC-8 CYC-4] every member has its fallback, and fails where it has none; seeds from %i', async (first) => {
    for (let seed = first; seed < first + 400; seed++) await play(seed, true, false)
  })

  it.each([1, 9000, 20_000, Math.floor(Math.random() * 2 ** 31)])('[CYC-7 CYC-8 SCALE-2] the same where they are deeper than the stack; seeds from %i', { timeout: 30_000 }, async (first) => {
    for (let seed = first; seed < first + 1000; seed++) await play(seed, seed % 2 === 0, true)
  })
})
