/** Traces: complete or honest about it, and analysed rightly. */
import { gate, type Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, eventCategories, input, type RuntimeEvent, InvalidDefinitionError } from '../../src/index.js'
import { toChromeTrace, type Trace, TraceAnalysis, TraceCollector } from '../../src/debug/index.js'
import { forSeeds } from '../support/random.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)
const slow = derived('slow', async (q, path: string) => (await Promise.resolve(), q.get(parity, path)))
const fails = derived('fails', (q, path: string) => {
  if (q.get(size, path) > 2) throw new Error('too long')
  return 'short'
})

/** Some writes and reads of all kinds. */
async function play(db: Database, random: Random, steps: number): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < steps; i++) {
    const path = random.pick(['a', 'b', 'c'])
    const kind = random.int(7)
    if (kind === 0) db.set(file, path, 'x'.repeat(random.int(5)))
    else if (kind === 1) db.batch((tx) => (tx.set(file, 'a', `${i}`), tx.remove(file, path)))
    else if (kind === 2) db.get(parity, path)
    else if (kind === 3) pending.push(db.get(slow, path))
    else if (kind === 4) {
      try {
        db.get(fails, path)
      } catch {}
    } else if (kind === 5) db.invalidate(size, path)
    else if (kind === 6) await Promise.all(pending.splice(0))
  }
  await Promise.all(pending)
}

describe('a trace', () => {
  it('[DBG-3] holds every event between start and stop, in order', async () => {
    await forSeeds(10, async (random) => {
      const db = createDatabase()
      const heard: RuntimeEvent[] = []
      await play(db, random, 20)
      const subscription = db.events(...eventCategories).subscribe((event) => heard.push(event))
      const collector = TraceCollector.start(db)
      await play(db, random, 100)
      const trace = collector.stop()
      subscription.unsubscribe()
      await play(db, random, 20)
      expect(trace.events).toEqual(heard)
      expect(trace.events.length).toBeGreaterThan(50)
      expect(trace.dropped).toBe(0)
      expect(trace.events.every(({ sequence }, i) => i === 0 || sequence > (trace.events[i - 1]?.sequence ?? 0))).toBe(true)
    })
  })

  it('[DBG-3] keeps the newest where there is no room, and says how many it dropped', () => {
    const db = createDatabase()
    const all = TraceCollector.start(db)
    const some = TraceCollector.start(db, { capacity: 7 })
    for (let i = 0; i < 10; i++) db.set(file, 'a', `${i}`)
    const [whole, part] = [all.stop(), some.stop()]
    expect(whole.events).toHaveLength(20)
    expect(part.events).toEqual(whole.events.slice(-7))
    expect(part.dropped).toBe(13)
    expect(() => TraceCollector.start(db, { capacity: 0 })).toThrow(InvalidDefinitionError)
  })

  it('[DBG-3] stops at once, in the middle of being told too, and again without effect', () => {
    const db = createDatabase()
    const collector = TraceCollector.start(db, { categories: ['revision', 'input'] })
    let inside: Trace | undefined
    db.revision$.subscribe((revision) => {
      if (revision === 1) inside = collector.stop()
    })
    db.batch((tx) => (tx.set(file, 'a', '1'), tx.set(file, 'b', '2')))
    db.set(file, 'c', '3')
    expect(inside?.events.map((event) => ('id' in event ? event.id : event.type))).toEqual(['revisionBumped', 'file(a)', 'file(b)'])
    expect(collector.stop()).toBe(inside)
  })

  it('[DBG-3 EVT-6] costs nothing once it has stopped', () => {
    const db = createDatabase()
    const collector = TraceCollector.start(db)
    db.set(file, 'a', '1')
    collector.stop()
    const { events } = db.stats()
    db.set(file, 'a', '2')
    db.get(parity, 'a')
    expect(db.stats().events).toBe(events)
  })

  it('[DBG-3] survives structured clone and JSON', () => {
    const db = createDatabase()
    const collector = TraceCollector.start(db)
    db.set(file, 'a', '1')
    db.get(parity, 'a')
    const trace = collector.stop()
    expect(structuredClone(trace)).toEqual(trace)
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
  })
})

/** The same counts, each by a search of its own. */
function oracle(events: readonly RuntimeEvent[], wanted: (event: RuntimeEvent) => boolean) {
  const of = (type: string): RuntimeEvent[] => events.filter((event) => event.type === type && wanted(event))
  const ended = [...of('queryComputed'), ...of('queryFailed'), ...of('queryCancelled')] as RuntimeEvent<'queryComputed'>[]
  const causes: Record<string, number> = {}
  for (const event of of('queryStarted') as RuntimeEvent<'queryStarted'>[]) causes[event.cause] = of('queryStarted').filter((other) => (other as RuntimeEvent<'queryStarted'>).cause === event.cause).length
  return {
    runs: of('queryStarted').length, computed: of('queryComputed').length, cutoffs: ended.filter((event) => event.type === 'queryComputed' && event.cutoff).length, failures: of('queryFailed').length,
    cancellations: of('queryCancelled').length, changes: of('queryChanged').length, invalidations: of('queryInvalidated').length, validations: of('queryValidated').length, hits: of('queryHit').length,
    joins: of('queryJoined').length, slowest: Math.max(0, ...ended.map(({ duration }) => duration)), causes,
  }
}

describe('the analysis', () => {
  it('[DBG-4] agrees with an oracle over the raw trace', async () => {
    await forSeeds(10, async (random) => {
      const db = createDatabase()
      const collector = TraceCollector.start(db)
      await play(db, random, 150)
      const trace = collector.stop()
      const analysis = TraceAnalysis.from(trace)
      for (const { id, definition: _definition, args: _args, time, ...counts } of analysis.queries) {
        expect({ ...counts, causes: { ...counts.causes } }).toEqual(oracle(trace.events, (event) => 'id' in event && event.id === id))
        const durations = trace.events.flatMap((event) => ('duration' in event && event.id === id ? event.duration : []))
        expect(time).toBeCloseTo(durations.reduce((sum, duration) => sum + duration, 0), 6)
      }
      for (const { definition, queries, time: _time, ...counts } of analysis.definitions) {
        const mine = (event: RuntimeEvent): boolean => 'definition' in event && event.definition === definition
        expect({ ...counts, causes: { ...counts.causes } }).toEqual(oracle(trace.events, mine))
        expect(queries).toBe(new Set(trace.events.flatMap((event) => ('id' in event && event.type.startsWith('query') && mine(event) ? event.id : []))).size)
      }
      const types: Record<string, number> = {}
      for (const { type } of trace.events) types[type] = (types[type] ?? 0) + 1
      expect(analysis.types).toEqual(types)
      expect(analysis.slowest.map(({ run }) => run).toSorted((a, b) => a - b)).toEqual(trace.events.flatMap((event) => ('duration' in event ? event.run : [])).toSorted((a, b) => a - b))
    })
  })

  it('[DBG-4] format is a table', () => {
    const db = createDatabase()
    const collector = TraceCollector.start(db, { categories: ['revision', 'input', 'run', 'change', 'hit', 'validation'] })
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    db.set(file, 'a', 'xxx')
    db.get(parity, 'a')
    db.get(parity, 'a')
    const text = TraceAnalysis.from(collector.stop()).format().replaceAll(/\d+\.\d+/g, '0.00')
    const lines = text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trimEnd())
    expect(lines[0]).toMatch(/^\d+ events in 0.00 ms: 2 revisions, 4 runs, 1 cut off, 0 failed, 2 kept$/)
    // Which of two runs was slower is not known.
    expect([...lines.slice(1, 5), ...lines.slice(5, 7).toSorted()]).toEqual([
      '', 'Definitions', 'definition queries runs cutoffs failures cancelled validated hits joins ms slowest', '---------- ------- ---- ------- -------- --------- --------- ---- ----- ---- -------',
      'parity 1 2 1 0 0 0 1 0 0.00 0.00', 'size 1 2 0 0 0 0 1 0 0.00 0.00',
    ])
    expect(lines.slice(7, 11)).toEqual(['', 'Slowest runs', 'run ms outcome revision cause', '--------- ---- ------- -------- -------'])
    expect(lines.slice(11, 15)).toEqual(expect.arrayContaining(['parity(a) 0.00 changed 1 new', 'parity(a) 0.00 cutoff 2 size(a)', 'size(a) 0.00 changed 1 new', 'size(a) 0.00 changed 2 file(a)']))
    expect(lines.slice(15)).toEqual(['', 'Causes', 'cause runs', '------- ----', 'new 2', 'file(a) 1', 'size(a) 1', ''])
  })

  it('[DBG-4] keys that look alike when cut are counted apart', () => {
    const db = createDatabase()
    const collector = TraceCollector.start(db)
    for (const end of ['x', 'y']) db.get(size, 'a'.repeat(500) + end)
    const { queries } = TraceAnalysis.from(collector.stop())
    expect([queries.length, new Set(queries.map(({ id }) => id)).size]).toEqual([2, 1])
  })

  it('[DBG-4] a query whose value was given up before it ran is one query', () => {
    const db = createDatabase({ limits: { cells: 1 } })
    const echo = derived('echo', (_q, n: number) => n)
    for (const n of [0, 1, 2]) db.get(echo, n)
    const collector = TraceCollector.start(db)
    db.set(file, 'a', 'commits')
    for (const n of [0, 1, 2]) db.get(echo, n)
    const { definitions, types } = TraceAnalysis.from(collector.stop())
    expect(types).toMatchObject({ queryEvicted: 2, queryStarted: 2 })
    expect(definitions.map(({ definition, queries }) => [definition, queries])).toEqual([['echo', 3]])
  })

  it('[DBG-4] a Chrome trace has every run that ended; in a lane they lie within each other or apart', async () => {
    const db = createDatabase()
    const opened = gate()
    const waits = derived('waits', async (q, n: number) => (await opened.promise, q.get(size, `${n}`)))
    const collector = TraceCollector.start(db)
    const pending = [1, 2, 3].map(async (n) => db.get(waits, n))
    db.set(file, 'a', 'x')
    db.get(parity, 'a')
    opened.open()
    await Promise.all(pending)
    const trace = collector.stop()
    const { traceEvents } = JSON.parse(JSON.stringify(toChromeTrace(trace))) as ReturnType<typeof toChromeTrace>
    const runs = traceEvents.filter(({ ph }) => ph === 'X')
    expect(runs.map(({ name }) => name).toSorted()).toEqual(['parity(a)', 'size("1")', 'size("2")', 'size("3")', 'size(a)', 'waits(1)', 'waits(2)', 'waits(3)'])
    expect(traceEvents.filter(({ ph }) => ph === 'i').map(({ name }) => name)).toEqual(['revision 1', 'set file(a)'])
    for (const a of runs) {
      expect(a.ts).toBeGreaterThanOrEqual(0)
      for (const b of runs.filter((other) => other !== a && other.tid === a.tid)) {
        const [endA, endB] = [a.ts + (a.dur ?? 0), b.ts + (b.dur ?? 0)]
        expect(endA <= b.ts || endB <= a.ts || (a.ts <= b.ts && endB <= endA) || (b.ts <= a.ts && endA <= endB)).toBe(true)
      }
    }
  })
})
