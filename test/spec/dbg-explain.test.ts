/** Why a query ran, holds, or does not. */
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, type Derived, input } from '../../src/index.js'
import { explain, explainRuns, type Explanation } from '../../src/debug/index.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const flag = input<[], boolean>('flag', { initial: false })
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)
const page = derived('page', (q) => (q.get(flag) ? `${q.get(parity, 'a')}` : `${q.get(parity, 'b')}${q.get(parity, 'a')}`))

const chain = (steps: readonly { readonly id: string; readonly changedAt: number }[] | undefined): string[] | undefined => steps?.map(({ id, changedAt }) => `${id} ${changedAt}`)
const shortOf = ({ state, ran, stale, held }: Explanation): unknown => ({ state, ran: ran?.cause, by: chain(ran?.chain), kept: ran?.kept, stale: chain(stale?.chain), held: held?.by.id })

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
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.set(flag, true)
    db.get(page)
    db.set(file, 'a', 'xx')
    db.get(page)
    db.set(flag, false)
    expect(shortOf(explain(db, page))).toMatchObject({ state: 'dirty', ran: 'unknown', stale: ['flag() 4'] })
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
