/** Why a query ran, holds, or does not. */
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, type Derived, input, type Query } from '../../src/index.js'
import { explain, explainRuns, type Explanation } from '../../src/debug/index.js'
import { loadCache, MemoryPort, saveCache } from '../../src/persist/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const flag = input<[], boolean>('flag', { initial: false })
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)
const page = derived('page', (q) => (q.get(flag) ? `${q.get(parity, 'a')}` : `${q.get(parity, 'b')}${q.get(parity, 'a')}`))

const chain = (steps: readonly { readonly id: string; readonly changedAt: number }[] | undefined): string[] | undefined => steps?.map(({ id, changedAt }) => `${id} ${changedAt}`)
const shortOf = ({ state, ran, stale, held }: Explanation): unknown => ({ state, ran: ran?.cause, by: chain(ran?.chain), kept: ran?.kept, stale: chain(stale?.chain), held: held?.by.id })

/** A page of 'a' that a change of its file has made run again, in revision 3. */
function withPageRunTwice(): Database {
  const db = createDatabase()
  db.set(file, 'a', 'x')
  db.set(flag, true)
  db.get(page)
  db.set(file, 'a', 'xx')
  db.get(page)
  return db
}

describe('explain', () => {
  it('[DBG-5] a query nobody asked for, one that never ran, and the first run', () => {
    const db = createDatabase()
    expect([explain(db, page).state, explain(db, page).format()]).toEqual(['unknown', 'page() is not known here: nobody has asked for it.\n'])
    expect(db.stats().queries).toBe(0)
    db.invalidate(page)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'new', ran: undefined })
    db.set(file, 'a', 'x')
    db.get(page)
    expect(shortOf(explain(db, page))).toEqual({ state: 'ready', ran: 'first', by: [], kept: false, stale: undefined, held: undefined })
  })

  it('[DBG-5] why it is stale: the way to the input that changed', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(page)
    db.set(file, 'c', 'unrelated')
    expect(explain(db, page).state).toBe('ready')
    db.set(file, 'a', 'xx')
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'maybe', stale: ['parity(a) 1', 'size(a) 1', 'file(a) 3'] })
    expect(shortOf(explain(db, size, 'a'))).toMatchObject({ state: 'dirty', stale: ['file(a) 3'] })
    expect(explain(db, page).format()).toBe(`page() may be stale at revision 3; it last held at revision 1.
  value: "01"
  Because file(a) changed in revision 3:
    <- parity(a), revision 1
    <- size(a), revision 1
    <- file(a), revision 3: "xx"
  It ran once: when it was first asked for.
`)
  })

  it('[DBG-5] why it ran: the first thing read, in the order read, that had changed since it was proved', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.set(file, 'b', 'x')
    db.get(page)
    db.set(file, 'a', 'xx')
    db.set(file, 'b', 'xx')
    db.set(file, 'c', 'x')
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'ready', ran: 'changed', by: ['parity(b) 4', 'size(b) 4', 'file(b) 4'], kept: false })
    expect(explain(db, page).format()).toContain('It last ran because file(b) changed in revision 4:\n')
    db.set(flag, true)
    db.set(file, 'b', 'x')
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ ran: 'changed', by: ['flag() 6'] })
  })

  it('[DBG-5] a later change that was cut off: what ran, and what kept its value', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(page)
    db.set(file, 'a', 'xyz')
    db.get(page)
    const explained = explain(db, page)
    expect(shortOf(explained)).toMatchObject({ state: 'ready', ran: 'first', held: 'parity(a)' })
    expect(chain(explained.held?.chain)).toEqual(['parity(a) 1', 'size(a) 2', 'file(a) 2'])
    expect(shortOf(explain(db, parity, 'a'))).toMatchObject({ ran: 'changed', by: ['size(a) 2', 'file(a) 2'], kept: true })
    expect(explained.format()).toContain('Since then file(a) changed in revision 2. parity(a) kept its value, so nothing above it ran.')
  })

  it('[DBG-5] failures, volatile reads, invalidation, work on its way', async () => {
    const db = createDatabase()
    const fails = derived('fails', (q) => {
      throw new Error(`at ${q.get(file, 'a')}`)
    })
    thrownBy(() => db.get(fails))
    expect(shortOf(explain(db, fails))).toMatchObject({ state: 'failed', ran: 'first' })
    db.set(file, 'z', '')
    expect(shortOf(explain(db, fails))).toMatchObject({ state: 'maybe', stale: [] })
    thrownBy(() => db.get(fails))
    expect(shortOf(explain(db, fails))).toMatchObject({ state: 'failed', ran: 'failure' })
    const clock = derived('clock', (q) => (q.volatile(), q.revision))
    db.get(clock)
    db.set(file, 'z', 'z')
    db.get(clock)
    expect(shortOf(explain(db, clock))).toMatchObject({ ran: 'volatile' })
    db.get(parity, 'a')
    db.invalidate(size, 'a')
    expect(shortOf(explain(db, size, 'a'))).toMatchObject({ state: 'dirty', stale: ['invalidation of size(a) 3'] })
    expect(shortOf(explain(db, parity, 'a'))).toMatchObject({ state: 'maybe', stale: ['size(a) 0', 'invalidation of size(a) 3'] })
    db.get(parity, 'a')
    expect(shortOf(explain(db, size, 'a'))).toMatchObject({ ran: 'changed', by: ['invalidation of size(a) 3'], kept: true })
    const opened = gate()
    const slow = derived('slow', async (q) => (await opened.promise, q.get(size, 'a')))
    const pending = db.get(slow)
    expect(explain(db, slow).state).toBe('running')
    opened.open()
    await pending
    expect(explain(db, slow).state).toBe('ready')
  })

  it('[DBG-5] says so where the cause of a run is not known any more', () => {
    const db = withPageRunTwice()
    db.set(flag, false)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'dirty', ran: 'unknown', stale: ['flag() 4'] })
  })

  it('[DBG-5] names no change as the cause of a run that came before it, however deep it lies', () => {
    const db = withPageRunTwice()
    expect(shortOf(explain(db, page))).toMatchObject({ ran: 'changed', by: ['parity(a) 3', 'size(a) 3', 'file(a) 3'] })
    db.set(file, 'a', 'x')
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'maybe', ran: 'unknown', by: ['parity(a) 3', 'size(a) 3'], stale: ['parity(a) 3', 'size(a) 3', 'file(a) 4'] })
    expect(explain(db, page).format()).toContain('  It last ran because size(a) changed in revision 3. Why that changed is not known: ')
    db.set(file, 'a', 'xx')
    db.set(file, 'a', 'xxxx')
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'ready', ran: 'unknown', by: ['parity(a) 3'], held: 'parity(a)' })
  })

  it('[DBG-5] a query that ran again to an equal value: what that run saw did not change it', () => {
    const db = createDatabase()
    const more = derived('more', (q) => [q.get(flag), q.get(size, 'a')].length + q.get(size, 'a'))
    const above = derived('above', (q) => q.get(more))
    db.set(file, 'a', 'x')
    db.get(above)
    db.set(file, 'a', 'xx')
    db.get(more)
    db.set(flag, true)
    db.get(more)
    expect(shortOf(explain(db, more))).toMatchObject({ ran: 'changed', by: ['flag() 3'], kept: true })
    expect(shortOf(explain(db, above))).toMatchObject({ state: 'maybe', stale: ['more() 2'] })
    db.get(above)
    expect(shortOf(explain(db, above))).toMatchObject({ ran: 'unknown', by: ['more() 2'] })
  })

  it('[DBG-5] a query that changes by itself ends the chain', () => {
    const db = createDatabase()
    const clock = derived('clock', (q) => [q.volatile(), q.get(file, 'a'), q.revision].at(-1))
    const above = derived('above', (q) => q.get(clock))
    db.set(file, 'a', 'x')
    db.get(above)
    db.set(flag, true)
    db.get(above)
    expect(shortOf(explain(db, above))).toMatchObject({ ran: 'changed', by: ['clock() 2'] })
  })

  it('[DBG-5] a change that a value had survived before a query was first asked for did not come after it', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    db.set(file, 'a', 'xxx')
    db.get(parity, 'a')
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'ready', ran: 'first', held: undefined })
    db.set(file, 'a', 'x')
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'ready', ran: 'first', held: 'parity(a)' })
  })

  it('[DBG-5] where nothing that was read shows anything else, nothing is said to have changed or failed', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(page)
    db.set(file, 'a', 'xxx')
    db.get(parity, 'a')
    expect(explain(db, page)).toMatchObject({ state: 'maybe', stale: { cause: 'unknown', chain: [] } })
    expect(explain(db, page).format()).toContain('  Nothing below it is known to have changed: it is checked when it is next asked for.\n')
  })

  it('[DBG-5 PER-1] what was loaded has not run, and is not said to have failed', async () => {
    const first = createDatabase()
    first.set(file, 'a', 'x')
    first.get(page)
    const place = { port: new MemoryPort(), name: 'cache.pebre' }
    await saveCache(first, place)
    const definitions = [file, flag, size, parity, page]
    const db = createDatabase()
    await loadCache(db, place, { definitions })
    expect(explain(db, page)).toMatchObject({ state: 'maybe', verifiedAt: -1, ran: null, stale: { cause: 'loaded', chain: [] } })
    expect(explain(db, page).format()).toBe('page() may be stale at revision 2.\n  value: "01"\n  It was loaded: it is checked, or computed anew, when it is next asked for.\n')
    db.get(page)
    expect(explain(db, page).format()).toBe('page() is valid at revision 2; its outcome dates from revision 2.\n  value: "01"\n')
    db.set(flag, true)
    db.get(page)
    expect(shortOf(explain(db, page))).toMatchObject({ ran: 'changed', by: ['flag() 3'] })
    // Not proved in between.
    const late = createDatabase()
    await loadCache(late, place, { definitions })
    late.set(file, 'a', 'xx')
    expect(shortOf(explain(late, page))).toMatchObject({ ran: undefined, stale: ['parity(a) 2', 'size(a) 2', 'file(a) 3'] })
    late.get(page)
    expect(shortOf(explain(late, page))).toMatchObject({ ran: 'changed', by: ['parity(a) 3', 'size(a) 3', 'file(a) 3'] })
    // What another version had computed runs again, and nothing it read is to blame.
    const newer = createDatabase()
    const newSize = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0, { version: '2' })
    await loadCache(newer, place, { definitions: [file, flag, newSize] })
    newer.get(newSize, 'a')
    expect(explain(newer, newSize, 'a').ran?.cause).not.toBe('failure')
  })

  it('[DBG-5] what another view computed is not said to have run here', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(size, 'a')
    const snapshot = db.snapshot()
    snapshot.set(file, 'a', 'xx')
    snapshot.get(size, 'a')
    db.promote(snapshot)
    db.get(size, 'a')
    expect([db.stats().runs, shortOf(explain(db, size, 'a'))]).toMatchObject([2, { state: 'ready', ran: 'unknown', by: [] }])
  })

  it('[DBG-5] in random histories: what is named as the cause of a run was read, and had changed by then and since the time before', { timeout: 30_000 }, async () => {
    await forSeeds(25, (rng) => {
      const db = createDatabase()
      const leaf = input<[number], number>('leaf', { initial: 0 })
      const depth = 4
      const made: Derived<[number], number>[] = []
      for (let level = 0; level < depth; level++) {
        const below = made.at(-1)
        const divisor = 1 + rng.int(3)
        const read = (q: Query, n: number): number => (below === undefined ? q.get(leaf, n) : q.get(below, n))
        made.push(derived(`level${level}`, (q, n: number) => Math.floor((read(q, n) + (read(q, n) % 2 === 0 ? read(q, (n + 1) % 3) : 0)) / divisor)))
      }
      const top = made.at(-1) as Derived<[number], number>
      // The revisions at which each query began to run, and at which each input changed.
      const ranAt = new Map<string, number>()
      const changedAt = new Map<string, number>()
      db.events('run').subscribe((event) => event.type === 'queryStarted' && ranAt.set(event.id, event.revision))
      for (let step = 0; step < 60; step++) {
        if (rng.chance(0.5)) {
          const n = rng.int(3)
          const before = db.revision
          db.set(leaf, n, rng.int(8))
          if (db.revision > before) changedAt.set(`leaf(${n})`, db.revision)
        } else db.get(rng.pick(made), rng.int(3))
        for (let n = 0; n < 3; n++) {
          const { id, ran } = explain(db, top, n)
          const input_ = ran?.chain.at(-1)
          const names = ran?.chain.map(({ id: at }) => at)
          for (const { changedAt: at } of ran?.chain ?? []) expect({ id, names, inTime: at <= (ranAt.get(id) as number) }).toEqual({ id, names, inTime: true })
          if (ran?.cause === 'changed') expect({ id, names, kind: input_?.kind, isNewest: changedAt.get(input_?.id as string) === input_?.changedAt }).toEqual({ id, names, kind: 'input', isNewest: true })
        }
      }
    })
  })

  it('[DBG-5] in a snapshot, as it stands there', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(page)
    const snapshot = db.snapshot()
    db.set(file, 'a', 'xx')
    db.get(page)
    expect([explain(snapshot, page).state, explain(snapshot, page).value, explain(db, page).value]).toEqual(['ready', '"01"', '"00"'])
    snapshot.set(file, 'b', 'x')
    expect(shortOf(explain(snapshot, page))).toMatchObject({ state: 'maybe', stale: ['parity(b) 0', 'size(b) 0', 'file(b) 2'] })
    snapshot.dispose()
  })

  it('[DBG-5 DBG-6] inputs, hostile values and hostile keys', () => {
    const db = createDatabase()
    const odd = input<[string], unknown>('odd')
    const shown = derived('shown', (q, key: string) => typeof q.get(odd, key))
    const hostile = new Proxy({}, { get: () => { throw new Error('no') }, ownKeys: () => { throw new Error('no') }, getPrototypeOf: () => { throw new Error('no') } })
    for (const [key, value] of [['a', hostile], ['\n"', 'x'.repeat(100_000)], ['__proto__', { get secret() { throw new Error('called') } }]] as const) {
      db.set(odd, key, value)
      db.get(shown, key)
      db.invalidate(shown, key)
      expect(explain(db, odd, key).format().length).toBeLessThan(600)
      expect(explain(db, shown, key).format().length).toBeLessThan(900)
    }
    expect(explain(db, odd, 'none').format()).toBe('odd(none) is not known here: nobody has asked for it.\n')
  })

  it('[DBG-5] a chain of many thousand queries', () => {
    const db = createDatabase()
    const down: Derived<[number], number> = derived('down', (q, n: number): number => (n === 0 ? q.get(file, 'x')?.length ?? 0 : q.get(down, n - 1)))
    db.get(down, 20_000)
    db.set(file, 'x', 'x')
    const stale = explain(db, down, 20_000)
    expect([stale.stale?.chain.length, stale.stale?.chain.at(-1)?.id]).toEqual([20_001, 'file(x)'])
    expect(stale.format().split('\n').length).toBeLessThan(20)
    db.get(down, 20_000)
    expect(explain(db, down, 20_000).ran?.chain.at(-1)?.id).toBe('file(x)')
  })
})

describe('explainRuns', () => {
  it('[DBG-5] a value that was given up is said to be', () => {
    const db = createDatabase({ limits: { cells: 1 } })
    for (const path of ['a', 'b']) db.get(size, path)
    db.set(flag, true)
    const lost = explain(db, size, 'a')
    expect([lost.isEvicted, lost.state, lost.format()]).toEqual([true, 'ready', 'size(a) is valid at revision 1; its outcome dates from revision 0.\n  Its value was given up to save memory: it is made again when it is next asked for.\n  It ran once: when it was first asked for.\n'])
    expect(explain(db, size, 'b').isEvicted).toBe(false)
  })

  it('[EVT-4 DBG-5] the cause of a run has a name that can be read: invalidations, keys and entries too', () => {
    const db = createDatabase()
    const causes: string[] = []
    db.events('run').subscribe((event) => event.type === 'queryStarted' && causes.push(`${event.id}: ${event.cause}`))
    const texts: string[] = []
    db.events$.pipe(explainRuns()).subscribe(({ chain: steps }) => texts.push(steps.map(({ id }) => id).join(' <- ')))
    const names = derived('names', (q) => q.keys(file).length)
    const all = derived('all', (q) => q.entries(file).size)
    db.get(names)
    for (let n = 0; n < 2; n++) {
      db.invalidate(names)
      db.get(names)
    }
    db.get(all)
    db.set(file, 'a', 'x')
    db.get(names)
    db.get(all)
    expect(causes).toEqual(['names(): new', 'names(): invalidated', 'names(): invalidated', 'all(): new', 'names(): keys of file', 'all(): entries of file'])
    expect(texts).toEqual(['', '', '', '', '', 'entries of file <- file(a)'])
  })

  it('[DBG-5] tells of each run why, from the events alone', async () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const lines: string[] = []
    db.events$.pipe(explainRuns()).subscribe(({ text, chain: steps }) => lines.push(`${text.replace(/ in [\d.]+ ms/, '')} [${steps.length}]`))
    db.get(page)
    db.set(file, 'a', 'xx')
    db.get(page)
    db.set(file, 'a', 'xxxx')
    db.get(page)
    const opened = gate()
    const slow = derived('slow', async (q) => (await opened.promise, q.get(page)))
    const leaving = new AbortController()
    const left = db.with({ signal: leaving.signal }).get(slow)
    leaving.abort()
    await left.catch(() => {})
    expect(lines).toEqual([
      'size(b) ran: asked for the first time [0]', 'parity(b) ran: asked for the first time [0]', 'size(a) ran: asked for the first time [0]', 'parity(a) ran: asked for the first time [0]', 'page() ran: asked for the first time [0]',
      'size(a) ran: file(a) was written in revision 2 [1]', 'parity(a) ran: size(a) changed in revision 2, because file(a) was written in revision 2 [2]',
      'page() ran: parity(a) changed in revision 2, because size(a) changed in revision 2, because file(a) was written in revision 2 [3]',
      'size(a) ran: file(a) was written in revision 3 [1]', 'parity(a) ran to an equal value: size(a) changed in revision 3, because file(a) was written in revision 3 [2]',
      'slow() was cancelled: asked for the first time [0]',
    ])
  })
})
