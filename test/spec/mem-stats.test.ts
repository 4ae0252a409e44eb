/** Counts: by definition, and adding up. */
import { Range, Seq } from 'immutable'
import { gate, type Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, type DefinitionStats, derived, type Derived, input } from '../../src/index.js'
import { CacheStats, DependencyGraph } from '../../src/debug/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)

const of = (db: Database, name: string): DefinitionStats | undefined => db.stats().definitions.find(({ definition }) => definition === name)

type Count = Exclude<keyof DefinitionStats, 'definition' | 'kind'>
const sum = (db: Database, count: Count, kind?: DefinitionStats['kind']): number => db.stats().definitions.filter((at) => kind === undefined || at.kind === kind).reduce((total, at) => total + at[count], 0)

function expectSums(db: Database): void {
  const { runs, inputs, queries, definitions } = db.stats()
  expect([sum(db, 'runs'), sum(db, 'cells', 'input'), sum(db, 'cells', 'derived')]).toEqual([runs, inputs, queries])
  for (const at of definitions) expect([at.definition, at.runs]).toEqual([at.definition, at.changes + at.cutoffs + at.failures + at.cancellations + at.running])
  const graph = DependencyGraph.from(db)
  for (const at of definitions) {
    expect([at.definition, at.edges]).toEqual([at.definition, graph.edges.filter(({ from }) => (at.kind === 'unnamed' ? from.kind === 'live' : from.definition === at.definition && from.kind === at.kind)).length])
  }
}

describe('stats', () => {
  it('[MEM-8] are counted by definition', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    db.get(parity, 'b')
    db.set(file, 'a', 'xxx')
    db.get(parity, 'a')
    const { time, bytes, ...counts } = of(db, 'parity') as DefinitionStats
    expect(counts).toEqual({ definition: 'parity', kind: 'derived', cells: 2, memos: 2, edges: 2, runs: 3, changes: 2, cutoffs: 1, failures: 0, cancellations: 0, running: 0, hits: 0, joins: 0, validations: 0, evictions: 0 })
    expect([time, bytes > 0]).toEqual([0, true])
    expect(of(db, 'file')).toMatchObject({ kind: 'input', cells: 2, memos: 1, edges: 0, runs: 0 })
    expect(of(db, 'size')).toMatchObject({ cells: 2, edges: 2, runs: 3, changes: 3 })
    expectSums(db)
  })

  it('[MEM-8] cutoffs of values that are compared by structure, and of asynchronous queries', async () => {
    const db = createDatabase()
    const flags = derived('flags', (q) => [q.get(size, 'a') > 0])
    const later = derived('later', async (q) => (await Promise.resolve(), q.get(size, 'a') > 0))
    for (const text of ['x', 'xx', '']) {
      db.set(file, 'a', text)
      db.get(flags)
      await db.get(later)
    }
    expect(['flags', 'later'].map((name) => of(db, name))).toMatchObject([{ runs: 3, changes: 2, cutoffs: 1 }, { runs: 3, changes: 2, cutoffs: 1 }])
    expectSums(db)
  })

  it('[MEM-8] count hits, joins, validations and time only while somebody counts, and make no event', async () => {
    const db = createDatabase()
    const opened = gate()
    const slow = derived('slow', async (q, path: string) => (await opened.promise, q.get(parity, path)))
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    db.get(parity, 'a')
    expect([of(db, 'parity')?.hits, db.stats().counting]).toEqual([0, false])
    const counting = CacheStats.count(db)
    db.get(parity, 'a')
    db.get(parity, 'a')
    const pending = [db.get(slow, 'a'), db.get(slow, 'a'), db.get(slow, 'a')]
    opened.open()
    await Promise.all(pending)
    db.set(file, 'a', 'xxx')
    db.get(parity, 'a')
    await db.get(slow, 'a')
    expect([of(db, 'parity')?.hits, of(db, 'slow')?.joins, of(db, 'slow')?.validations, db.stats().counting]).toEqual([3, 2, 1, true])
    expect(of(db, 'slow')?.time).toBeGreaterThan(0)
    counting[Symbol.dispose]()
    counting[Symbol.dispose]()
    db.get(parity, 'a')
    expect([of(db, 'parity')?.hits, db.stats().counting, db.stats().events]).toEqual([3, false, 0])
    expectSums(db)
  })

  it('[MEM-8] counts in snapshots that were taken before and after', () => {
    const db = createDatabase()
    db.get(parity, 'a')
    const before = db.snapshot()
    const counting = CacheStats.count(db)
    const after = db.snapshot()
    for (const view of [before, after]) {
      view.get(parity, 'a')
      view.get(parity, 'a')
    }
    counting[Symbol.dispose]()
    before.get(parity, 'a')
    expect(of(db, 'parity')?.hits).toBeGreaterThanOrEqual(2)
    const { hits } = of(db, 'parity') as DefinitionStats
    after.get(parity, 'a')
    expect(of(db, 'parity')?.hits).toBe(hits)
    before.dispose()
    after.dispose()
  })

  it('[MEM-8] failures, cancellations, runs on their way, reads without a name', async () => {
    const db = createDatabase()
    const opened = gate()
    const slow = derived('slow', async (q, n: number) => (await opened.promise, q.get(size, 'a') + n))
    const fails = derived('fails', (q) => {
      throw new Error(q.get(file, 'a'))
    })
    thrownBy(() => db.get(fails))
    db.set(file, 'z', 'z')
    thrownBy(() => db.get(fails))
    const leaving = new AbortController()
    const left = db.with({ signal: leaving.signal }).get(slow, 1)
    const stays = db.get(slow, 2)
    expect(of(db, 'slow')).toMatchObject({ runs: 2, running: 2, memos: 0, cells: 2 })
    expectSums(db)
    leaving.abort()
    await left.catch(() => {})
    db.read((q) => q.get(size, 'a'))
    const subscription = db.live((q) => q.get(size, 'a')).subscribe()
    const effect = db.effect((q) => void q.get(size, 'a'))
    expect(of(db, 'fails')).toMatchObject({ runs: 2, failures: 2 })
    expect(of(db, 'slow')).toMatchObject({ runs: 2, cancellations: 1, running: 1 })
    expect(db.stats().definitions.find(({ kind }) => kind === 'unnamed')).toMatchObject({ runs: 3, changes: 3, cells: 2 })
    expectSums(db)
    effect.dispose()
    opened.open()
    await stays
    subscription.unsubscribe()
    expectSums(db)
  })

  it('[MEM-8] a stack that is freed from below', () => {
    const db = createDatabase()
    const down: Derived<[number], number> = derived('down', (q, n: number): number => (n === 0 ? q.get(size, 'a') : q.get(down, n - 1)))
    db.get(down, 1000)
    expect(of(db, 'down')).toMatchObject({ cells: 1001, memos: 1001, changes: 1001, edges: 1001 })
    expectSums(db)
  })

  it('[MEM-8] the size follows the values; what several share is counted once', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x'.repeat(1000))
    const one = of(db, 'file')?.bytes ?? 0
    expect(one).toBeGreaterThan(1000)
    db.set(file, 'b', 'x'.repeat(3000))
    expect(of(db, 'file')?.bytes).toBeGreaterThan(one + 3000)
    const shared = Array.from({ length: 1000 }, (_, i) => i)
    const whole = derived('whole', (_q, n: number) => ({ n, shared }))
    db.get(whole, 1)
    const single = of(db, 'whole')?.bytes ?? 0
    for (let n = 2; n < 100; n++) db.get(whole, n)
    expect(of(db, 'whole')?.bytes).toBeLessThan(3 * single)
    const odd = input<[], unknown>('odd')
    db.set(odd, new Proxy({}, { ownKeys: () => { throw new Error('no') } }))
    expect(of(db, 'odd')).toMatchObject({ cells: 1, memos: 1 })
  })

  it('[MEM-8 MEM-6 DBG-6] a set of many, and collections that run code when they are read', () => {
    const db = createDatabase({ limits: { stateBytes: 1e9 }, freeze: false })
    const odd = input<[name: string], unknown>('odd')
    db.set(odd, 'set', new Set(Array.from({ length: 300_000 }, (_, i) => i)))
    expect(of(db, 'odd')?.bytes).toBeGreaterThan(300_000 * 8)
    let ran = 0
    class Counting extends Map<number, number> {
      override entries(): ReturnType<Map<number, number>['entries']> {
        ran++
        throw new Error('code of the user')
      }
    }
    class Listing extends Set<number> {
      override [Symbol.iterator](): ReturnType<Set<number>['values']> {
        ran++
        throw new Error('code of the user')
      }
    }
    const made = derived('made', (_q, what: number): unknown => [new Counting([[1, 2]]), new Listing([1, 2]), Seq([1, 2]).map((n) => (ran++, n)), Range(0, Infinity)][what])
    for (const [what, least] of [16, 16, 1, 1].entries()) {
      const before = of(db, 'made')?.bytes ?? 0
      db.get(made, what)
      expect((of(db, 'made')?.bytes ?? 0) - before).toBeGreaterThanOrEqual(least)
    }
    db.set(odd, 'lazy', Range(0, Infinity))
    expect(ran).toBe(0)
  })

  it('[MEM-8] what was invalidated is no input', () => {
    const db = createDatabase()
    db.get(parity, 'a')
    const { inputs } = db.stats()
    db.invalidate(parity, 'a')
    db.get(parity, 'a')
    expect(db.stats().inputs).toBe(inputs)
    expectSums(db)
  })

  it('[MEM-8] add up after anything', async () => {
    await forSeeds(20, async (random) => play(random))
  })

  it('[MEM-8] format is a table with a line for each definition and one for all', () => {
    const db = createDatabase()
    const counting = CacheStats.count(db)
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    db.get(parity, 'a')
    counting[Symbol.dispose]()
    const stats = CacheStats.collect(db)
    const lines = stats.format().split('\n')
    expect(lines[0]).toMatch(/^1 inputs, \d+ B$/)
    expect(lines.slice(1).map((line) => line.replace(/^(\S+).*/, '$1'))).toEqual(['definition', '----------', 'parity', 'size', 'all', ''])
    expect(stats.queries).toMatchObject({ cells: 2, runs: 2, hits: 1 })
    expect(stats.hitRate).toBeCloseTo(1 / 3)
    expect(lines[5]).toContain('33 %')
  })
})

function attempt(read: () => unknown): void {
  try {
    read()
  } catch {}
}

async function play(random: Random): Promise<void> {
  const db = createDatabase()
  let gates = [gate(), gate()]
  const slow = derived('slow', async (q, n: number) => (await gates[n]?.promise, q.get(parity, 'a') + q.get(size, `${n}`)))
  const ring: Derived<[number], number> = derived('ring', (q, n: number): number => (q.get(size, 'a') === 2 ? q.get(ring, 1 - n) : n))
  const fails = derived('fails', (q) => {
    if (q.get(size, 'a') === 1) throw new Error('one')
    return q.get(parity, 'a')
  })
  const leaving: AbortController[] = []
  const views = [db, db.snapshot()]
  for (let i = 0; i < 60; i++) {
    const view = random.pick(views)
    const kind = random.int(9)
    if (kind < 2) view.set(file, random.pick(['a', '0', '1']), 'x'.repeat(random.int(4)))
    else if (kind === 2) attempt(() => view.get(fails))
    else if (kind === 3) attempt(() => view.get(ring, random.int(2)))
    else if (kind === 4) {
      const controller = new AbortController()
      leaving.push(controller)
      view.with({ signal: controller.signal }).get(slow, random.int(2)).catch(() => {})
    } else if (kind === 5) leaving.pop()?.abort()
    else if (kind === 6) {
      for (const opened of gates) opened.open()
      await Promise.resolve()
      gates = [gate(), gate()]
    } else if (kind === 7) view.read((q) => q.get(parity, 'a'))
    else view.get(parity, 'a')
    expectSums(db)
  }
  for (const opened of gates) opened.open()
  for (const controller of leaving) controller.abort()
  await Promise.resolve()
  expectSums(db)
}
