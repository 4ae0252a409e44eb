/** Cache files: what a load gives back, and what is in a file. */
import { Map as ImmutableMap } from 'immutable'
import { DuplicateDefinitionError, InvalidDefinitionError, LimitExceededError, type Database } from 'pebre'
import { CacheError, loadCache, MemoryPort, saveCache, UnsupportedValueError } from 'pebre/persist'
import { type Derived, derived, input, interned } from '../../src/index.js'
import { describe, expect, it } from 'vitest'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const database = countedDatabases()

/** A small site: what ran is in `log`. */
function site(): { log: string[]; definitions: readonly [typeof file, typeof title, typeof words, typeof index]; file: typeof file; title: typeof title; words: typeof words; index: typeof index } {
  const log: string[] = []
  const file = input<[path: string], string>('file')
  const title = derived('title', (q, path: string) => {
    log.push(`title ${path}`)
    return (q.get(file, path) ?? 'none').split('\n')[0] ?? ''
  })
  const words = derived('words', async (q, path: string) => {
    log.push(`words ${path}`)
    await Promise.resolve()
    return (q.get(file, path) ?? '').split(/\s+/).length
  })
  const index = derived('index', (q) => {
    log.push('index')
    return q.keys(file).map((path) => q.get(title, path))
  })
  return { log, definitions: [file, title, words, index], file, title, words, index }
}

type Site = ReturnType<typeof site>

async function filled({ file, words, index, definitions }: Site): Promise<Database> {
  const db = database({ definitions })
  db.set(file, 'a', 'A\nx y')
  db.set(file, 'b', 'B')
  db.get(index)
  await db.get(words, 'a')
  await db.get(words, 'gone')
  return db
}

function place(): { port: MemoryPort; name: string } {
  return { port: new MemoryPort(), name: 'site.pebre' }
}

describe('save and load', () => {
  it('[PER-1 PER-19] a loaded database runs nothing, and then only what a change reaches', async () => {
    const { log, ...rest } = site()
    const at = place()
    const { file, title, words, index } = rest
    await saveCache(await filled({ log, ...rest }), at)
    log.length = 0
    const db = database({ definitions: rest.definitions })
    const report = await loadCache(db, at)
    const values = [db.get(index), db.get(title, 'a'), await db.get(words, 'a'), await db.get(words, 'gone'), db.entries(file)]
    expect(log).toEqual([])
    expect(values).toEqual([['A', 'B'], 'A', 3, 1, ImmutableMap([['a', 'A\nx y'], ['b', 'B']])])
    expect(report).toEqual({ loaded: true, revision: 3, bytes: expect.any(Number) as number, inputs: 2, queries: 5, interned: 0, dropped: [], unknown: [] })
    expect(db.get(words, 'a')).toBe(db.get(words, 'a'))
    const events: string[] = []
    db.events('invalidation').subscribe((event) => events.push('id' in event ? event.id : event.type))
    db.set(file, 'b', 'B two')
    expect(events).toEqual(['title(b)', 'index()'])
    expect(db.get(index)).toEqual(['A', 'B two'])
    db.set(file, 'gone', 'is back')
    expect([await db.get(words, 'gone'), db.get(index)]).toEqual([2, ['A', 'B two', 'is back']])
    expect(log).toEqual(['title b', 'index', 'words gone', 'index', 'title gone'])
  })

  it('[PER-1 LIVE-1] live queries of a loaded database go on from what was loaded', async () => {
    const all = site()
    const at = place()
    await saveCache(await filled(all), at)
    all.log.length = 0
    const db = database({ definitions: all.definitions })
    await loadCache(db, at)
    const seen: unknown[] = []
    db.watch(all.index).subscribe((state) => seen.push(state))
    db.set(all.file, 'a', 'A\nchanged below the title')
    expect([all.log, seen]).toEqual([['title a'], [{ status: 'ready', value: ['A', 'B'] }]])
  })

  it('[PER-20 REV-1 EVT-1] the revision after a load is above both, in one step that is told as one event', async () => {
    const all = site()
    const at = place()
    const old = await filled(all)
    for (let i = 0; i < 10; i++) old.set(all.file, 'b', `B${i}`)
    await saveCache(old, at)
    const low = database({ definitions: all.definitions })
    const events: string[] = []
    const revisions: number[] = []
    low.events$.subscribe(({ type }) => events.push(type))
    low.revision$.subscribe((revision) => revisions.push(revision))
    await loadCache(low, at)
    expect([low.revision, events, revisions]).toEqual([13, ['revisionSet'], [0, 13]])
    const high = database({ definitions: all.definitions })
    for (let i = 0; i < 100; i++) high.set(all.file, 'own', `${i}`)
    await loadCache(high, at)
    expect([high.revision, high.has(all.file, 'own'), high.keys(all.file)]).toEqual([101, false, ['a', 'b']])
    expect(await high.get(all.words, 'gone')).toBe(1)
  })

  it('[PER-20 LIVE-2] a load over a database in use: whoever watches sees the new state', async () => {
    const all = site()
    const at = place()
    await saveCache(await filled(all), at)
    const db = database({ definitions: all.definitions })
    db.set(all.file, 'a', 'mine')
    const seen: unknown[] = []
    db.watch(all.index).subscribe((state) => seen.push(state.status === 'ready' ? state.value : state.status))
    const node: unknown[] = []
    db.node(all.file, 'b').subscribe((value) => node.push(value))
    const before = db.snapshot()
    await loadCache(db, at)
    expect([seen, node, before.get(all.index), db.get(all.title, 'b')]).toEqual([[['mine'], ['A', 'B']], [undefined, 'B'], ['mine'], 'B'])
    before.dispose()
  })

  it.each([[0, 0], [0, 1], [1, 0], [1, 1]])('[CYC-8 PER-20] a load over a cycle that had an answer: it has another one, whoever is asked before (%i) and after (%i)', async (before, after) => {
    const top = input<[], number>('top', { initial: 0 })
    const ring: Derived<[], number>[] = []
    ring.push(
      derived('up', (q) => Math.min(q.get(top), q.get(ring[1] as (typeof ring)[0]) + 1), { cycle: { initial: 0 } }),
      derived('on', (q) => q.get(ring[0] as (typeof ring)[0]), { cycle: { initial: 0 } }),
    )
    const at = place()
    const one = database({ definitions: [top, ...ring] })
    one.set(top, 3)
    await saveCache(one, at)
    const db = database({ definitions: [top, ...ring] })
    db.set(top, 5)
    expect(db.get(ring[before] as (typeof ring)[0])).toBe(5)
    await loadCache(db, at)
    expect([ring[after], ring[1 - after]].map((query) => db.get(query as (typeof ring)[0]))).toEqual([3, 3])
  })

  it('[PER-1 PER-20 LIVE-2] a load into a database whose queries have run on nothing runs none of them again', async () => {
    const all = site()
    const at = place()
    await saveCache(await filled(all), at)
    const db = database({ definitions: all.definitions })
    const seen: unknown[] = []
    db.watch(all.index).subscribe((state) => seen.push(state.status === 'ready' ? state.value : state.status))
    db.get(all.title, 'a')
    db.get(all.title, 'b')
    await db.get(all.words, 'gone')
    all.log.length = 0
    await loadCache(db, at)
    expect([all.log.splice(0), seen, db.get(all.title, 'b'), await db.get(all.words, 'gone')]).toEqual([[], [[], ['A', 'B']], 'B', 1])
    db.set(all.file, 'a', 'A two')
    expect([all.log.splice(0), seen.at(-1)]).toEqual([['title a', 'index'], ['A two', 'B']])
    db.set(all.file, 'own', 'mine')
    all.log.length = 0
    await loadCache(db, at)
    expect([db.get(all.index), all.log.splice(0)]).toEqual([['A', 'B'], []])
    await loadCache(db, at)
    expect([db.get(all.index), await db.get(all.words, 'a'), all.log]).toEqual([['A', 'B'], 3, []])
  })

  it('[PER-1 PER-5 REV-4] random databases: after a load every query answers as its inputs say', async () => {
    await forSeeds(150, async (random) => {
      const int = (limit: number): number => random.int(limit)
      const chance = (probability: number): boolean => random.chance(probability)
      const number = input<[key: number], number>('number')
      const sum = derived('sum', (q, key: number): number => (q.get(number, key) ?? 0) + (key > 0 && q.has(number, key - 1) ? q.get(sum, key - 1) : 0))
      const parity = derived('parity', async (q, key: number) => (await Promise.resolve(), q.get(sum, key) % 2 === 0 ? 'even' : 'odd'), { persist: int(2) === 0 })
      const names = derived('names', async (q) => (await Promise.all(q.keys(number).toSorted((a, b) => a - b).map((key) => q.get(parity, key)))).join())
      const definitions = [number, sum, parity, names]
      const at = place()
      const work = async (db: Database): Promise<void> => {
        for (let n = 0; n < 8; n++) {
          const key = int(6)
          if (chance(0.7)) db.set(number, key, int(4))
          else if (chance(0.5)) db.remove(number, key)
          else db.invalidate(sum, key)
          if (chance(0.4)) db.get(sum, int(6))
          if (chance(0.3)) await db.get(names)
        }
      }
      const check = async (db: Database): Promise<void> => {
        const fresh = database({ definitions })
        fresh.replaceAll(number, db.entries(number))
        for (let key = 0; key < 6; key++) expect([db.get(sum, key), await db.get(parity, key)]).toEqual([fresh.get(sum, key), await fresh.get(parity, key)])
        expect(await db.get(names)).toBe(await fresh.get(names))
      }
      const first = database({ definitions })
      await work(first)
      await saveCache(first, at)
      const entries = first.entries(number)
      const other = database({ definitions })
      if (chance(0.7)) await work(other)
      const running = chance(0.3) ? other.get(names) : null
      await loadCache(other, at)
      expect(other.entries(number).equals(entries)).toBe(true)
      if (chance(0.5)) await work(other)
      await running
      await check(other)
      await work(other)
      await check(other)
    })
  }, 30_000)

  it('[PER-5 PER-6 PER-11] what is not loaded changes nothing', async () => {
    const all = site()
    const at = place()
    const db = database({ definitions: all.definitions, limits: { stateBytes: 300 } })
    db.set(all.file, 'mine', 'x')
    expect(await loadCache(db, at)).toEqual({ loaded: false, reason: 'missing' })
    const big = database({ definitions: all.definitions })
    big.set(all.file, 'big', 'y'.repeat(1000))
    big.get(all.title, 'big')
    await saveCache(big, at)
    await expect(loadCache(db, at)).rejects.toBeInstanceOf(LimitExceededError)
    await expect(loadCache(db, at, { maxBytes: 50 })).rejects.toMatchObject({ code: 'too-large' })
    expect([db.revision, db.keys(all.file), db.get(all.file, 'mine')]).toEqual([1, ['mine'], 'x'])
    expect(await at.port.size(at.name)).toBeGreaterThan(50)
  })

  it('[PER-5 PER-6 PER-10] definitions that come with a load are known by it, and not where nothing is loaded', async () => {
    const [one, another] = [input<[], number>('x'), input<[], number>('x')]
    const made = database()
    made.set(one, 1)
    const at = place()
    await saveCache(made, at)
    const bytes = (await at.port.read(at.name)) as Uint8Array
    const spoiled = { port: new MemoryPort(), name: 'c' }
    await spoiled.port.write('c', [bytes.slice(0, -1)])
    for (const [where, options] of [[place(), {}], [spoiled, {}], [spoiled, { onCorrupt: 'ignore' }], [at, { maxBytes: 3 }]] as const) {
      const db = database()
      await loadCache(db, where, { ...options, definitions: [one] }).catch(() => undefined)
      db.set(another, 1)
      expect(db.get(another)).toBe(1)
    }
    const db = database()
    const fine = input<[], number>('fine')
    await expect(loadCache(db, at, { definitions: [fine, one, another] })).rejects.toBeInstanceOf(DuplicateDefinitionError)
    expect([db.set(input<[], number>('fine'), 1), await loadCache(db, at, { definitions: [one] }), db.get(one)]).toMatchObject([1, { inputs: 1 }, 1])
    expect(() => db.get(another)).toThrow(DuplicateDefinitionError)
  })

  it('[PER-12] failures, volatile results and what is not to be saved stay out; what depends on the last is there', async () => {
    const log: string[] = []
    const at = place()
    const base = input<[key: string], number>('base')
    const absent = input<[], number>('absent')
    const clock = derived('clock', (q) => { log.push('clock'); q.volatile(); return q.get(base, 'a') ?? 0 })
    const tainted = derived('tainted', (q) => { log.push('tainted'); return q.get(clock) + 1 })
    const failing = derived('failing', (q) => { log.push('failing'); throw new Error(`no ${q.get(base, 'a')}`) })
    const caught = derived('caught', (q) => { log.push('caught'); try { return q.get(failing) } catch { return 'caught' } })
    const deep = derived('deep', (q) => { log.push('deep'); return (q.get(base, 'a') ?? 0) * 2 + (q.get(absent) ?? 0) }, { persist: false })
    const middle = derived('middle', (q) => { log.push('middle'); return q.get(deep) + (q.get(base, 'b') ?? 0) }, { persist: false })
    const top = derived('top', (q) => { log.push('top'); return q.get(middle) + q.get(deep) })
    const definitions = [base, absent, clock, tainted, failing, caught, deep, middle, top]
    const db = database({ definitions })
    db.set(base, 'a', 1)
    db.set(base, 'b', 2)
    db.get(tainted)
    db.get(caught)
    db.get(top)
    const report = await saveCache(db, at)
    expect([report.queries, report.sections.map(({ name, count }) => `${name} ${count}`)]).toEqual([1, ['absent 1', 'base 2', 'top 1']])
    log.length = 0
    const again = database({ definitions })
    await loadCache(again, at)
    expect([again.get(top), log.splice(0)]).toEqual([6, []])
    again.set(absent, 10)
    expect([again.get(top), log.splice(0)]).toEqual([26, ['top', 'middle', 'deep']])
    again.set(base, 'b', 3)
    expect([again.get(top), log.splice(0)]).toEqual([27, ['middle', 'top']])
    expect([again.get(tainted), again.get(caught), log]).toEqual([2, 'caught', ['tainted', 'clock', 'caught', 'failing']])
  })

  it('[PER-1 PER-12 MEM-1 MEM-2] values that were given up are not saved, what depends on them is; loaded values count', async () => {
    const log: string[] = []
    const at = place()
    const number = input<[key: string], number>('number')
    const big = derived('big', (q, key: string) => { log.push(`big ${key}`); return [q.get(number, key)] }, { lru: 1 })
    const top = derived('top', (q, key: string) => { log.push(`top ${key}`); return q.get(big, key)[0] })
    const definitions = [number, big, top]
    const db = database({ definitions })
    for (const key of ['a', 'b', 'c']) {
      db.set(number, key, 1)
      db.get(top, key)
    }
    db.set(number, 'other', 1)
    expect(await saveCache(db, at)).toMatchObject({ queries: 4 })
    log.length = 0
    const again = database({ definitions })
    await loadCache(again, at)
    expect([['a', 'b', 'c'].map((key) => again.get(top, key)), log.splice(0)]).toEqual([[1, 1, 1], []])
    again.set(number, 'a', 2)
    expect([again.get(top, 'a'), log.splice(0)]).toEqual([2, ['top a', 'big a']])
    again.set(number, 'other', 2)
    again.get(big, 'a')
    again.get(big, 'c')
    expect(log).toHaveLength(1)
  })

  it('[PER-1 VAL-1] what was out of date when it was saved is compared when it runs', async () => {
    const all = site()
    const at = place()
    const db = await filled(all)
    db.set(all.file, 'a', 'A\nother words')
    await saveCache(db, at)
    all.log.length = 0
    const again = database({ definitions: all.definitions })
    await loadCache(again, at)
    expect([again.get(all.index), await again.get(all.words, 'a'), all.log]).toEqual([['A', 'B'], 3, ['title a', 'words a']])
  })

  it('[PER-13 SNAP-2] a save is of the revision at the call, while writes go on', async () => {
    const all = site()
    const at = place()
    const db = await filled(all)
    const saving = saveCache(db, at)
    for (let i = 0; i < 50; i++) {
      db.set(all.file, 'a', `later ${i}`)
      db.get(all.index)
      await Promise.resolve()
    }
    expect(await saving).toMatchObject({ revision: 2, inputs: 2, queries: 5 })
    all.log.length = 0
    const again = database({ definitions: all.definitions })
    await loadCache(again, at)
    expect([again.get(all.index), await again.get(all.words, 'a'), all.log]).toEqual([['A', 'B'], 3, []])
  })

  it('[PER-1 SNAP-4] snapshots can be saved: those nobody wrote to, and those that were written to', async () => {
    const all = site()
    const db = await filled(all)
    const frozen = db.snapshot()
    const written = db.snapshot()
    db.set(all.file, 'a', 'head')
    db.get(all.index)
    written.set(all.file, 'b', 'written')
    written.get(all.index)
    const indexes: unknown[] = []
    for (const view of [db, frozen, written]) {
      const at = place()
      await saveCache(view, at)
      all.log.length = 0
      const again = database({ definitions: all.definitions })
      await loadCache(again, at)
      indexes.push(again.get(all.index), [...all.log])
    }
    expect(indexes).toEqual([['head', 'B'], [], ['A', 'B'], [], ['A', 'written'], []])
    frozen.dispose()
    written.dispose()
  })

  it('[PER-13] two saves at once take turns, and each is whole', async () => {
    const all = site()
    const at = place()
    const db = await filled(all)
    const first = saveCache(db, at)
    db.set(all.file, 'c', 'C')
    const second = saveCache(db, at)
    const reports = await Promise.all([first, second])
    expect(reports.map(({ revision }) => revision)).toEqual([2, 3])
    const again = database({ definitions: all.definitions })
    await loadCache(again, at)
    expect(again.keys(all.file)).toEqual(['a', 'b', 'c'])
  })
})

describe('definitions that changed', () => {
  const number = input<[key: string], number>('number')
  const double = (version: number | undefined, log: string[]) => derived('double', (q, key: string) => { log.push('double'); return (q.get(number, key) ?? 0) * 2 }, version === undefined ? {} : { version })
  const shown = (of: ReturnType<typeof double>, log: string[]) => derived('shown', (q, key: string) => { log.push('shown'); return `${q.get(of, key)}` })
  const other = (log: string[]) => derived('other', (q, key: string) => { log.push('other'); return q.has(number, key) })

  async function saved(version?: number): Promise<{ port: MemoryPort; name: string }> {
    const at = place()
    const of = double(version, [])
    const [top, beside] = [shown(of, []), other([])]
    const db = database()
    db.set(number, 'a', 4)
    db.get(top, 'a')
    db.get(beside, 'a')
    await saveCache(db, at)
    return at
  }

  it('[PER-8] a query of another version loses its results, and what depends on them; others stay', async () => {
    const log: string[] = []
    const of = double(2, log)
    const [top, beside] = [shown(of, log), other(log)]
    const db = database({ definitions: [number, of, top, beside] })
    const report = await loadCache(db, await saved(1))
    expect([db.get(beside, 'a'), log.splice(0), db.get(top, 'a'), log]).toEqual([true, [], '8', ['shown', 'double']])
    expect(report).toMatchObject({ loaded: true, queries: 1, dropped: [{ definition: 'double', count: 1, reason: 'version' }, { definition: 'shown', count: 1, reason: 'dependencies' }] })
    const plain = double(undefined, log)
    expect(await loadCache(database({ definitions: [number, plain] }), await saved())).toMatchObject({ queries: 1, dropped: [] })
  })

  it('[PER-1 PER-12] a result that was out of date when it was saved is so in every later file and snapshot, until it is computed again', async () => {
    const hidden = derived('hidden', (q, key: string) => (q.get(number, key) ?? 0) * 10, { persist: false })
    const top = derived('top', (q, key: string) => q.get(hidden, key) + 1)
    const constant = derived('constant', () => 5, { persist: false })
    const alone = derived('alone', (q) => q.get(constant))
    const definitions = [number, hidden, top, constant, alone]
    const port = new MemoryPort()
    const db = database({ definitions })
    db.set(number, 'a', 1)
    expect([db.get(top, 'a'), db.get(alone)]).toEqual([11, 5])
    db.set(number, 'a', 2)
    db.invalidate(constant)
    // What lies between is computed again, and what is saved stands above it.
    expect([db.get(hidden, 'a'), db.get(constant)]).toEqual([20, 5])
    await saveCache(db, { port, name: 'life 0' })
    for (let life = 1; life < 4; life++) {
      const next = database({ definitions })
      await loadCache(next, { port, name: `life ${life - 1}` })
      await saveCache(next, { port, name: `life ${life}` })
      const snapshot = next.snapshot()
      expect([life, snapshot.get(top, 'a'), snapshot.get(alone)]).toEqual([life, 21, 5])
      expect([life, next.get(top, 'a'), next.get(alone)]).toEqual([life, 21, 5])
    }
  })

  it('[PER-8] a version that no file could hold is refused where the query is declared', () => {
    for (const version of [Number.NaN, Infinity, null, true, 1n, {}, []]) expect(() => derived('double', () => 1, { version: version as number })).toThrow(InvalidDefinitionError)
    for (const version of [0, -1.5, '', '2026-11']) expect(derived('double', () => 1, { version }).options.version).toBe(version)
  })

  it('[PER-7] a definition that became another kind refuses the file, or is left out with what depends on it', async () => {
    const at = await saved()
    const log: string[] = []
    const of = input<[key: string], number>('double')
    const [top, beside] = [derived('shown', (q, key: string) => { log.push('shown'); return q.get(of, key) }), other(log)]
    const db = database({ definitions: [number, of, top, beside] })
    await expect(loadCache(db, at)).rejects.toMatchObject({ code: 'mismatch', message: expect.stringMatching(/double is a query in the file and an input here/) as string })
    await expect(loadCache(db, at, { onCorrupt: 'delete' })).rejects.toMatchObject({ code: 'mismatch' })
    expect([db.revision, db.keys(number), await at.port.size(at.name)]).toEqual([0, [], expect.any(Number)])
    const report = await loadCache(db, at, { onMismatch: 'drop' })
    expect([report, db.get(beside, 'a'), log]).toMatchObject([{ dropped: [{ definition: 'double', reason: 'mismatch' }, { definition: 'shown', reason: 'dependencies' }] }, true, []])
  })

  it('[PER-9] sections of unknown definitions are reported, and kept at the next save, with their results', async () => {
    const at = await saved()
    const bytes = await at.port.read(at.name)
    const log: string[] = []
    const db = database({ definitions: [] })
    expect(await loadCache(db, at)).toMatchObject({ loaded: true, inputs: 0, queries: 0, unknown: ['number', 'double', 'other', 'shown'] })
    expect(await saveCache(db, at)).toMatchObject({ retained: ['number', 'double', 'other', 'shown'] })
    const half = database({ definitions: [number] })
    await loadCache(half, at)
    half.set(number, 'b', 5)
    await saveCache(half, at)
    const of = double(undefined, log)
    const [top, beside] = [shown(of, log), other(log)]
    const all = database({ definitions: [number, of, top, beside] })
    await loadCache(all, at)
    expect([all.get(top, 'a'), all.get(beside, 'a'), all.get(number, 'b'), log.splice(0)]).toEqual(['8', true, 5, []])
    half.set(number, 'a', 7)
    await saveCache(half, at)
    const changed = database({ definitions: [number, of, top, beside] })
    await loadCache(changed, at)
    expect([changed.get(top, 'a'), log]).toEqual(['14', ['double', 'shown']])
    expect(await saveCache(half, at, { prune: true })).toMatchObject({ retained: [], sections: [{ name: 'number' }] })
    expect(bytes).not.toBeNull()
  })

  it('[PER-10] one name for two definitions is refused before anything is saved or loaded', async () => {
    const at = await saved()
    const db = database({ definitions: [number] })
    await expect(loadCache(db, at, { definitions: [input('number')] })).rejects.toBeInstanceOf(DuplicateDefinitionError)
    expect(db.revision).toBe(0)
  })

  it('[PER-1 IN-15 IN-16] another initial value, or a slot that is required now, makes what read it run', async () => {
    const at = place()
    const log: string[] = []
    const reader = (of: ReturnType<typeof input<[], number>>) => derived('reader', (q) => { log.push('ran'); return q.get(of) })
    const before = input<[], number>('size', { initial: 1 })
    const db = database()
    db.get(reader(before as never))
    await saveCache(db, at)
    log.length = 0
    for (const [options, expected] of [[{ initial: 1 }, []], [{ initial: 2 }, ['ran']], [{ required: true }, ['ran']], [undefined, ['ran']]] as const) {
      const size = input<[], number>('size', options as never)
      const read = reader(size)
      const again = database({ definitions: [size, read] })
      await loadCache(again, at)
      try {
        again.get(read)
      } catch {
        log.push('failed')
      }
      expect(log.splice(0)).toEqual(options !== undefined && 'required' in options ? [...expected, 'failed'] : expected)
    }
  })
})

describe('interned values', () => {
  const path = interned<readonly string[]>('path')
  const word = interned<string>('word')
  const size = input<[path: number], number>('size')
  const shown = (log: string[]) => derived('shown', (q, id: number) => { log.push('shown'); return `${q.lookup(path, id as never).join('/')}: ${q.get(size, id)} ${q.intern(word, 'made by a query')}` })

  async function saved(log: string[]): Promise<{ at: ReturnType<typeof place>; ids: number[]; text: string }> {
    const at = place()
    const db = database()
    const ids: number[] = [db.intern(path, ['docs', 'a.md']), db.intern(path, ['docs', 'b.md'])]
    db.set(size, ids[1] as number, 7)
    const text = db.get(shown(log), ids[1] as number)
    await saveCache(db, at)
    return { at, ids, text }
  }

  it('[INT-5 PER-1] ids survive, and mean what they meant; new ones are never among the old', async () => {
    const log: string[] = []
    const { at, ids, text } = await saved(log)
    log.length = 0
    const query = shown(log)
    const db = database({ definitions: [path, word, size, query] })
    expect(await loadCache(db, at)).toMatchObject({ inputs: 1, queries: 1, interned: 3, dropped: [] })
    expect([db.get(query, ids[1] as number), log]).toEqual([text, []])
    expect([db.intern(path, ['docs', 'a.md']), db.lookup(path, ids[1] as never)]).toEqual([ids[0], ['docs', 'b.md']])
    const twin = database({ definitions: [path, word, size, query] })
    await loadCache(twin, at)
    const fresh = [db.intern(path, ['new']), twin.intern(path, ['other'])]
    expect(new Set([...ids, ...fresh]).size).toBe(4)
    expect(() => twin.lookup(path, fresh[0] as never)).toThrow(/path/)
    await saveCache(db, at)
    const third = database({ definitions: [path, word, size, query] })
    await loadCache(third, at)
    expect([third.lookup(path, fresh[0] as never), third.intern(path, ['docs', 'b.md'])]).toEqual([['new'], ids[1]])
    expect(db.revision).toBe(2)
  })

  it('[INT-5 PER-5 PER-7] a value with another id here refuses the file; without the values, no result that may hold ids is used', async () => {
    const log: string[] = []
    const { at, ids, text } = await saved(log)
    const query = shown(log)
    const db = database({ definitions: [path, word, size, query] })
    const own = db.intern(path, ['docs', 'b.md'])
    await expect(loadCache(db, at)).rejects.toMatchObject({ code: 'mismatch' })
    expect([db.intern(path, ['docs', 'b.md']), db.revision, own === ids[1]]).toEqual([own, 0, false])
    const renamed = input<[], number>('path')
    const other = database({ definitions: [renamed, word, size] })
    await expect(loadCache(other, at)).rejects.toMatchObject({ code: 'mismatch' })
    expect(await loadCache(other, at, { onMismatch: 'drop' })).toMatchObject({ inputs: 1, queries: 0, interned: 1, dropped: [{ definition: 'path', reason: 'mismatch' }, { definition: 'shown', reason: 'dependencies' }] })
    const none = database()
    expect(await loadCache(none, at)).toMatchObject({ unknown: ['path', 'word', 'size', 'shown'] })
    await saveCache(none, at)
    const again = database({ definitions: [path, word, size, query] })
    await loadCache(again, at)
    log.length = 0
    expect([again.get(query, ids[1] as number), log]).toEqual([text, []])
  })

  it('[PER-11] they are never left out', async () => {
    const db = database()
    for (let i = 0; i < 50; i++) db.intern(path, ['some', 'path', `${i}`])
    await expect(saveCache(db, place(), { maxBytes: 100 })).rejects.toMatchObject({ code: 'too-large' })
  })
})

describe('what is in a file', () => {
  it('[PER-16 KEY-1 KEY-2 KEY-3] equal states give equal bytes, whatever the order in which they came about', async () => {
    const log: string[] = []
    const any = input<[key: unknown, more?: unknown], unknown>('any')
    const other = input<[], unknown>('other')
    const echo = derived('echo', (q, key: unknown, more?: unknown) => { log.push('echo'); return [q.get(any, key, more), q.get(other)] })
    const count = derived('count', (q) => { log.push('count'); return q.keys(any).length })
    const args: readonly [unknown, unknown?][] = [
      ['__proto__'], ['constructor'], [''], ['\u00e9'], ['e\u0301'], ['\ud800'], ['x'.repeat(100_000)], [1], ['1'], [1n], [true], ['true'], [null], ['null'], [undefined], [Number.NaN], [0], [-1.5],
      [{ a: 1, b: 2 }], [{ a: 1, b: undefined }], [{ a: 1 }], [[1, [2]]], [new Date(5)], [new Uint8Array([1])], [ImmutableMap({ a: 1 })], ['a', 'b'], ['ab'], [1, '2'], ['1', 2],
    ]
    const files: Uint8Array[] = []
    for (const order of [args, args.toReversed()]) {
      const db = database()
      for (const [key, more] of order) db.set(any, key, more, { z: [key], a: new Set([1, { b: 1, a: 2 }, 'x']) })
      for (const [key, more] of order) db.get(echo, key, more)
      db.get(count)
      const at = place()
      await saveCache(db, at)
      files.push((await at.port.read(at.name)) as Uint8Array)
    }
    expect(Buffer.from(files[0] as Uint8Array).equals(files[1] as Uint8Array)).toBe(true)
    log.length = 0
    const at = place()
    await at.port.write(at.name, [files[0] as Uint8Array])
    const db = database({ definitions: [any, other, echo, count] })
    await loadCache(db, at)
    for (const [key, more] of args) expect(db.get(echo, key, more)).toEqual([{ z: [key], a: new Set(['x', { a: 2, b: 1 }, 1]) }, undefined])
    expect([db.get(count), log]).toEqual([args.length, []])
    await saveCache(db.snapshot(), at)
    const again = (await at.port.read(at.name)) as Uint8Array
    expect(again.length).toBe(files[0]?.length)
  })

  it('[PER-18] a value that cannot be saved fails the save with its place, or stays out', async () => {
    const at = place()
    const number = input<[key: string], unknown>('number')
    const made = derived('made', (q, key: string) => ({ list: [q.get(number, key), () => 1] }))
    const upon = derived('upon', (q, key: string) => q.get(made, key).list.length)
    const fine = derived('fine', (q, key: string) => q.get(number, key))
    const db = database()
    db.set(number, 'a', 1)
    db.get(upon, 'a')
    db.get(fine, 'a')
    await saveCache(database(), at)
    const before = await at.port.read(at.name)
    const failed = await saveCache(db, at).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(UnsupportedValueError)
    expect(failed).toMatchObject({ code: 'value', definition: 'made', key: 'made(a)', path: 'value.list[1]' })
    expect(await at.port.read(at.name)).toEqual(before)
    expect(await saveCache(db, at, { onUnsupported: 'omit' })).toMatchObject({ queries: 2, omitted: [{ key: 'made(a)' }] })
    db.set(number, 'b', Symbol('no'))
    await expect(saveCache(db, at, { onUnsupported: 'omit' })).rejects.toMatchObject({ code: 'value', definition: 'number', path: 'value' })
  })

  it('[PER-18] classes go through their codecs; without one the file does not fit', async () => {
    class Money {
      readonly cents: number
      constructor(cents: number) { this.cents = cents }
    }
    const codecs = [{ name: 'Money', class: Money, encode: ({ cents }: Money) => cents, decode: (cents: unknown) => new Money(cents as number) }]
    const at = place()
    const price = input<[], Money>('price')
    const twice = derived('twice', (q) => new Money(2 * (q.get(price)?.cents ?? 0)))
    const db = database({ definitions: [price, twice] })
    db.set(price, new Money(5))
    db.get(twice)
    await saveCache(db, at, { codecs })
    const again = database({ definitions: [price, twice] })
    await expect(loadCache(again, at)).rejects.toMatchObject({ code: 'mismatch', message: expect.stringContaining('Money') as string })
    expect(again.revision).toBe(0)
    await loadCache(again, at, { codecs })
    expect([again.get(price), again.get(twice)]).toEqual([new Money(5), new Money(10)])
    const throwing = [{ ...codecs[0] as (typeof codecs)[0], decode: (): Money => { throw new Error('no') } }]
    await expect(loadCache(database({ definitions: [price, twice] }), at, { codecs: throwing })).rejects.toMatchObject({ code: 'value' })
  })

  it('[PER-11] maxBytes leaves results out, those proved longest ago first, and never inputs', async () => {
    const log: string[] = []
    const at = place()
    const number = input<[key: string], number>('number')
    const long = derived('long', (q, key: string) => { log.push(key); return String(q.get(number, key)).padStart(1000, ' ') })
    const upon = derived('upon', (q, key: string) => { log.push(`upon ${key}`); return q.get(long, key).length })
    const db = database()
    for (const key of ['a', 'b', 'c', 'd']) {
      db.set(number, key, 1)
      db.get(upon, key)
    }
    const whole = await saveCache(db, at)
    const part = await saveCache(db, at, { maxBytes: 2600 })
    expect([whole.bytes > 4000, part.bytes <= 2600, part.inputs, part.queries, part.dropped]).toEqual([true, true, 4, 4, 4])
    log.length = 0
    const again = database({ definitions: [number, long, upon] })
    await loadCache(again, at)
    expect(['d', 'c', 'b', 'a'].map((key) => again.get(upon, key))).toEqual([1000, 1000, 1000, 1000])
    expect(log).toEqual(['upon b', 'b', 'upon a', 'a'])
    const before = await at.port.read(at.name)
    await expect(saveCache(db, at, { maxBytes: 60 })).rejects.toMatchObject({ code: 'too-large' })
    expect(await at.port.read(at.name)).toEqual(before)
  })

  it('[EVT-4] saves and loads are told to those who ask for the category', async () => {
    const at = place()
    const db = database()
    const told: unknown[] = []
    db.events('storage').subscribe(({ type }) => told.push(type))
    db.events$.subscribe(({ type }) => told.push(`default ${type}`))
    await saveCache(db, at)
    await loadCache(db, at)
    expect(told).toEqual(['cacheSaved', 'default revisionSet', 'cacheLoaded'])
    expect(new CacheError('corrupt', 'x').name).toBe('CacheError')
  })
})
