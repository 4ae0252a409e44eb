/** What goes on beside the rounds of a cycle: reads that nobody awaits, results of other states, and queries between that declare nothing. */
import { flush, random, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, type Derived, FixpointError, input, type Query } from '../../src/index.js'
import { rejectionOf } from '../support/turns.js'

type Later = Derived<[], Promise<number>>

describe('a read that nobody awaits', () => {
  const endless: Later = derived('endless', async (q) => (await q.get(endless)) + 1, { cycle: { initial: 0, limit: 5 } })
  const upTo5: Later = derived('upTo5', async (q) => Math.min(5, (await q.get(upTo5)) + 1), { cycle: { initial: 0 } })

  /** `self` is 3 after some rounds, and in each lets `aside` go on alone, which waits and then reads `other`. */
  function lettingGo(other: Later): { readonly self: Later; readonly stops: Stops } {
    const stops = new Stops()
    let runs = 0
    const aside: Later = derived('aside', async (q) => {
      await stops.at(`aside ${++runs}`)
      return q.get(other)
    })
    const self: Later = derived('self', async (q) => {
      q.get(aside).catch(() => undefined)
      const value = await q.get(self)
      await stops.at(`after ${value}`)
      return Math.min(3, value + 1)
    }, { cycle: { initial: 0 } })
    return { self, stops }
  }

  it('[CYC-8] and is of an earlier round adds no heads to the present one', async () => {
    const db = createDatabase()
    const { self, stops } = lettingGo(endless)
    const answer = db.get(self)
    await flush()
    for (const value of [0, 1]) await stops.open(`after ${value}`)
    expect(stops.labels).toEqual(['aside 1', 'aside 2', 'aside 3', 'aside 4', 'after 2'])
    // The first is of no round, and the last of the present one.
    for (const label of ['aside 2', 'aside 3']) await stops.open(label)
    for (const value of [2, 3, 3]) await stops.open(`after ${value}`)
    expect(await answer).toBe(3)
    await stops.openAll()
    expect(await rejectionOf(db.get(endless))).toBeInstanceOf(FixpointError)
  })

  it('[CYC-8] adds none to a cycle that has its answer', async () => {
    const db = createDatabase()
    const { self, stops } = lettingGo(upTo5)
    const answer = db.get(self)
    await flush()
    for (const value of [0, 1, 2, 3, 3]) await stops.open(`after ${value}`)
    expect(await answer).toBe(3)
    // That of the last round.
    await stops.open('aside 5')
    expect(await db.get(upTo5)).toBe(5)
    await stops.openAll()
    expect(db.stats().jobs).toBe(0)
  })
})

describe('results of other states', () => {
  it('[CYC-8 SHARE-3] what rounds compute for themselves does not push them out', () => {
    const ran: string[] = []
    const on = input<[], boolean>('on', { initial: false })
    const most = input<[], number>('most', { initial: 9 })
    const head: Derived<[], number> = derived('head', (q) => Math.min(q.get(most), q.get(between)), { cycle: { initial: 0 } })
    const between: Derived<[], number> = derived('between', (q) => {
      ran.push('between')
      return q.get(on) ? q.get(head) + 1 : 0
    })
    const db = createDatabase()
    const [first, second] = [db.snapshot(), db.snapshot()]
    db.set(on, true)
    expect(db.get(between)).toBe(10)
    expect(first.get(between)).toBe(0)
    db.set(most, 7)
    expect(db.get(between)).toBe(8)
    ran.length = 0
    expect([second.get(between), ran]).toEqual([0, []])
  })
})

describe('random graphs', () => {
  type Reach = Derived<[node: number], Promise<readonly number[]>>
  const edges = input<[node: number], readonly number[]>('edges', { initial: [] })

  /** Which nodes can be reached. Those that `every` divides declare a cycle, and all are read one after the other. */
  function reachOf(every: number): (node: number) => Reach {
    const of = (node: number): Reach => (node % every === 0 ? head : plain)
    const body = async (q: Query, node: number): Promise<readonly number[]> => {
      const found = new Set([node])
      for (const next of q.get(edges, node)) for (const one of await q.get(of(next), next)) found.add(one)
      return [...found].toSorted((a, b) => a - b)
    }
    const head: Reach = derived('head', body, { cycle: { initial: [] } })
    const plain: Reach = derived('plain', body)
    return of
  }

  function reachable(graph: readonly (readonly number[])[], from: number): number[] {
    const seen = new Set([from])
    for (const node of seen) for (const next of graph[node] ?? []) seen.add(next)
    return [...seen].toSorted((a, b) => a - b)
  }

  // The given one has shown a cell with two jobs.
  it.each([100, Math.floor(Math.random() * 2 ** 31)])('[CYC-8 CYC-4] with queries between that declare nothing, while the graph changes; seeds from %i', async (first) => {
    for (let seed = first; seed < first + 300; seed++) {
      const rng = random(seed)
      const every = 1 + rng.int(3)
      const reach = reachOf(every)
      const nodes = 2 + rng.int(7)
      // A query that declares nothing reads only those that do, so that every cycle has a head.
      const nextOf = (node: number): number[] => Array.from({ length: rng.int(4) }, () => rng.int(nodes)).map((next) => (node % every === 0 ? next : next - (next % every)))
      const graph = Array.from({ length: nodes }, (_, node) => nextOf(node))
      const db = createDatabase()
      db.batch((tx) => {
        for (const [node, next] of graph.entries()) tx.set(edges, node, next)
      })
      const answers: Promise<unknown>[] = []
      const expected: unknown[] = []
      for (let step = 0; step < 8; step++) {
        const view = rng.chance(0.3) ? db.snapshot() : db
        for (let i = 0; i < 3; i++) {
          const node = rng.int(nodes)
          expected.push([seed, step, node, reachable(graph, node)])
          answers.push(view.get(reach(node), node).then((found) => [seed, step, node, found]))
        }
        if (rng.chance(0.5)) await Promise.all(answers)
        const node = rng.int(nodes)
        graph[node] = nextOf(node)
        db.set(edges, node, graph[node])
      }
      expect(await Promise.all(answers)).toEqual(expected)
      await flush()
      expect([seed, db.stats().jobs]).toEqual([seed, 0])
    }
  })
})

describe('who waits for an asynchronous cycle', () => {
  it('[CAN-1 CAN-2 CAN-3 JOB-4] the last to leave ends the rounds: signals fire, nothing is recorded, and the next get begins anew', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const climbing: Later = derived('climbing', async (q) => {
      const run = ran.push('run')
      q.signal.addEventListener('abort', () => ran.push(`left: ${String(q.signal.reason)}`))
      await stops.at(`run ${run}`)
      return Math.min(9, 1 + (await q.get(climbing)))
    }, { cycle: { initial: 0 } })
    const db = createDatabase()
    const callers = ['first', 'second'].map((name) => ({ name, control: new AbortController() }))
    const answers = callers.map(({ control }) => rejectionOf(db.with({ signal: control.signal }).get(climbing)))
    for (let run = 1; run <= 3; run++) await stops.open(`run ${run}`)
    const before = ran.length
    for (const { name, control } of callers) {
      expect(ran.length).toBe(before)
      control.abort(name)
    }
    expect(ran.slice(before)).toEqual(['left: second', 'left: second'])
    expect([await Promise.all(answers), db.stats().jobs]).toEqual([['first', 'second'], 0])
    await stops.openAll()
    expect(ran.length).toBe(before + 2)
    const again = db.get(climbing)
    await stops.openAll()
    expect([await again, db.stats().jobs]).toEqual([9, 0])
  })

  it('[CAN-2 CAN-5] somebody else on it who is still waited for keeps it going', async () => {
    const stops = new Stops()
    const left: string[] = []
    const member = (name: string, below: () => readonly Later[]): Later =>
      derived(name, async (q) => {
        q.signal.addEventListener('abort', () => left.push(name))
        await stops.at(name)
        const values = await Promise.all(below().map((query) => q.get(query)))
        return Math.min(9, 1 + Math.max(...values))
      }, { cycle: { initial: 0 } })
    const a = member('a', () => [b, c])
    const b = member('b', () => [a])
    const c = member('c', () => [a])
    const db = createDatabase()
    const control = new AbortController()
    const one = rejectionOf(db.with({ signal: control.signal }).get(a))
    await stops.open('a')
    for (const name of ['b', 'c']) await stops.open(name)
    const other = db.get(b)
    control.abort('gone')
    expect([await one, left]).toEqual(['gone', ['a', 'c']])
    await stops.openAll()
    expect([await other, db.stats().jobs]).toEqual([9, 0])
  })
})
