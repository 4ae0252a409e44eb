/** Looking changes nothing; who waits for whom; bodies that are not functions; mistakes that show late. */
import { flush, gate, type Random, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, CycleError, type Database, derived, type Derived, FinishedQueryError, input } from '../../src/index.js'
import { CacheStats, checkDeterminism, type CheckReport, DependencyGraph, developmentChecks, explain, formatCycle, TraceCollector, waitGraph } from '../../src/debug/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)
const slow = derived('slow', async (q, path: string) => (await Promise.resolve(), q.get(parity, path)))
const keyed = derived('keyed', (q) => q.keys(file).length)

function lookAtAll(db: Database): void {
  for (const view of [db]) {
    DependencyGraph.from(view).toDot()
    CacheStats.collect(view).format()
    for (const path of ['a', 'b', 'never']) {
      explain(view, size, path).format()
      explain(view, slow, path).format()
      explain(view, file, path).format()
    }
    waitGraph(view).format()
    db.stats()
  }
}

/** A history, looked at or not: the events with all their numbers, the counts, and the graph at the end. */
async function history(random: Random, look: boolean): Promise<unknown> {
  const db = createDatabase()
  const collector = TraceCollector.start(db)
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < 80; i++) {
    const path = random.pick(['a', 'b'])
    const kind = random.int(6)
    if (kind < 2) db.set(file, path, 'x'.repeat(random.int(4)))
    else if (kind === 2) db.get(parity, path)
    else if (kind === 3) pending.push(db.get(slow, path))
    else if (kind === 4) db.get(keyed)
    else await Promise.all(pending.splice(0))
    if (look) lookAtAll(db)
  }
  await Promise.all(pending)
  const events = collector.stop().events.map(({ time: _time, ...event }) => ('duration' in event ? { ...event, duration: 0 } : event))
  return { events, stats: db.stats(), graph: DependencyGraph.from(db).toJSON() }
}

describe('looking', () => {
  it('[DBG-7] changes no run, event, count, record or edge', async () => {
    await forSeeds(10, async (random) => {
      const draws = Array.from({ length: 400 }, () => random.next())
      const same = (): Random => {
        let at = 0
        const next = (): number => draws[at++ % draws.length] ?? 0
        return { next, int: (limit) => Math.floor(next() * limit), chance: (p) => next() < p, pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number] }
      }
      expect(await history(same(), true)).toEqual(await history(same(), false))
    })
  })

  it('[DBG-7] at what was never asked for makes no record, registers nothing', () => {
    const db = createDatabase()
    const before = db.stats()
    lookAtAll(db)
    expect(db.stats()).toEqual(before)
    const other = input<[string], string>('file')
    db.set(other, 'a', 'x')
    expect(db.get(other, 'a')).toBe('x')
  })

  it('[DBG-7] from inside a body records no dependency', () => {
    const db = createDatabase()
    const curious = derived('curious', () => {
      lookAtAll(db)
      return DependencyGraph.from(db).nodes.length
    })
    db.get(parity, 'a')
    db.get(curious)
    const log = record(db, 'invalidation')
    db.set(file, 'a', 'x')
    expect(log.take()).toEqual(['stale size(a)', 'stale parity(a)'])
  })
})

describe('who waits for whom', () => {
  it('[DBG-8] names jobs, what they wait for, and who is wanted', async () => {
    const db = createDatabase()
    const opened = gate()
    const low = derived('low', async () => opened.promise)
    const left = derived('left', async (q) => q.get(low))
    const right = derived('right', async (q) => q.get(low))
    const top = derived('top', async (q) => Promise.all([q.get(left), q.get(right)]))
    expect(waitGraph(db).format()).toBe('Nothing is on its way.\n')
    const pending = db.get(top)
    const graph = waitGraph(db)
    expect(graph.waits.map(({ waiter, target }) => `${waiter.id} ${target.id}`).toSorted()).toEqual(['left() low()', 'right() low()', 'top() left()', 'top() right()'])
    expect(graph.jobs.filter(({ isWanted }) => isWanted).map(({ id }) => id)).toEqual(['top()'])
    expect(graph.format().trim().split('\n').toSorted()).toEqual([
      'left() waits for low(), at revision 0', 'low() awaits something of its own, at revision 0', 'right() waits for low(), at revision 0', expect.stringMatching(/^top\(\) waits for (left\(\), right\(\)|right\(\), left\(\)), at revision 0; callers outside wait for it$/),
    ])
    opened.open()
    await pending
    expect(waitGraph(db).jobs).toEqual([])
  })

  it('[DBG-8] bodies on the stack, seen from the innermost', () => {
    const db = createDatabase()
    let seen = ''
    const inner = derived('inner', () => ((seen = waitGraph(db).format()), 1))
    const outer = derived('outer', (q) => q.get(inner))
    db.get(outer)
    expect(seen).toBe('inner() is running, at revision 0\nouter() is running and waits for inner(), at revision 0\n')
  })

  it('[DBG-8] a cycle error prints its path', () => {
    const db = createDatabase()
    const a: Derived<[], number> = derived('a', (q): number => q.get(b, 'x'))
    const b: Derived<[string], number> = derived('b', (q, _path: string): number => q.get(a))
    const start = derived('start', (q) => q.get(a))
    const error = thrownBy(() => db.get(start)) as CycleError
    expect(error).toBeInstanceOf(CycleError)
    expect(error.message).toBe('A query needs its own result: a() -> b(x) -> a() (entered through start()).')
    expect(formatCycle(error)).toBe('entered through start()\na()\n  needs b(x)\n    needs a()  <- again\n')
  })
})

describe('determinism', () => {
  const impure: readonly [what: string, body: () => unknown][] = [
    ['Date.now', () => Date.now()], ['new Date', () => new Date().getTime()], ['Math.random', () => Math.random()], ['performance.now', () => performance.now()],
    ['crypto.randomUUID', () => crypto.randomUUID()], ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(4))], ['process.hrtime.bigint', () => process.hrtime.bigint()], ['Date', () => (Date as () => string)()],
  ]

  it.each(impure)('[DBG-9] flags %s, in synchronous and asynchronous bodies, after an await too', async (what, body) => {
    const db = createDatabase()
    const sync = derived('sync', () => typeof body())
    const later = derived('later', async () => (await Promise.resolve(), await Promise.resolve(), typeof body()))
    for (const query of [sync, later] as Derived<[], unknown>[]) {
      const report = await checkDeterminism(db, query)
      expect([report.isDeterministic, report.differs, report.uses.map((use) => [use.what, use.times])]).toEqual([false, false, [[what, 2]]])
      expect(report.uses[0]?.at).toContain('dbg-look.test.ts')
      expect(report.format()).toContain(`it used ${what} 2 times, first at`)
    }
  })

  it('[DBG-9] flags outcomes that differ, and leaves the rest in peace', async () => {
    const db = createDatabase()
    let calls = 0
    const counts = derived('counts', (_q, _name: string) => ++calls)
    const report = await checkDeterminism(db, counts, 'x')
    expect(report).toMatchObject({ id: 'counts(x)', isDeterministic: false, differs: true, uses: [], outcomes: ['2', '3'] })
    expect(report.format()).toBe('counts(x) is not deterministic:\n  it gave 2, then 3\n')
    const rounded = derived('rounded', () => ++calls, { equals: () => true })
    expect((await checkDeterminism(db, rounded)).isDeterministic).toBe(true)
    const fine = derived('fine', (q) => [new Date(0), q.get(parity, 'a'), Math.max(1, 2), NaN])
    expect((await checkDeterminism(db, fine)).format()).toBe('fine() gave the same twice, and used neither clock nor chance.\n')
    const fails = derived('fails', () => { throw new Error('always') })
    expect((await checkDeterminism(db, fails)).isDeterministic).toBe(true)
    const below = derived('below', (q) => q.get(clock))
    const clock = derived('clock', () => Date.now())
    expect((await checkDeterminism(db, below)).isDeterministic).toBe(true)
  })

  it('[DBG-9] puts everything back, and leaves the query as it was', async () => {
    const db = createDatabase()
    const sources = (): unknown[] => [Date, ...([[Date, 'now'], [Math, 'random'], [performance, 'now'], [crypto, 'randomUUID'], [process, 'hrtime']] as const).map(([holder, name]): unknown => Reflect.get(holder, name))]
    const before = sources()
    const clock = derived('clock', () => Date.now())
    db.get(clock)
    const value = db.get(clock)
    await checkDeterminism(db, clock)
    expect(sources().map((now, i) => now === before[i])).toEqual(before.map(() => true))
    expect(Object.hasOwn(performance, 'now')).toBe(false)
    expect([db.get(clock), explain(db, clock).ran?.cause]).toEqual([value, 'first'])
  })

  it('[DBG-9] checks that are begun together do not take each other for the clock, and put everything back', async () => {
    const [first, second] = [createDatabase(), createDatabase()]
    const before = [Date, Reflect.get(Math, 'random')]
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await Promise.resolve()
    }
    const fine = derived('fine', async (_q, length: number) => (await turns(length), length))
    const clock = derived('clock', async (_q, length: number) => (await turns(length), Date.now()))
    const reports = await Promise.all([checkDeterminism(first, fine, 3), checkDeterminism(second, clock, 30), checkDeterminism(first, fine, 20), checkDeterminism(first, clock, 1)])
    expect(reports.map(({ id, uses }) => [id, ...uses.map(({ what, times }) => `${what} ${times}`)])).toEqual([['fine(3)'], ['clock(30)', 'Date.now 2'], ['fine(20)'], ['clock(1)', 'Date.now 2']])
    expect([Date, Reflect.get(Math, 'random')]).toEqual(before)
    expect(Reflect.ownKeys(globalThis).filter((key) => typeof key === 'symbol' && key.description?.includes('pebre'))).toEqual([])
  })
})

describe('checks in development', () => {
  function checked(): { readonly db: Database; readonly reports: string[] } {
    const db = createDatabase()
    const reports: string[] = []
    developmentChecks(db, { report: ({ kind, id }: CheckReport) => reports.push(`${kind} ${id}`) })
    return { db, reports }
  }

  it('[IN-10 DBG-6] a query that changes what it was given is named, for results of queries too', () => {
    const { db, reports } = checked()
    const list = derived('list', () => [3, 1, 2])
    const sorts = derived('sorts', (q) => q.get(list).push(4))
    expect(thrownBy(() => db.get(sorts))).toBeInstanceOf(TypeError)
    expect(reports).toEqual(['mutation sorts()'])
    const free = createDatabase()
    expect(free.get(sorts)).toBe(4)
  })

  it('[DER-9 DBG-6] reads after the end', async () => {
    const { db, reports } = checked()
    const opened = gate()
    const forgets = derived('forgets', (q) => {
      opened.promise.then(() => q.get(file, 'a')).catch(() => {})
      return 1
    })
    db.get(forgets)
    opened.open()
    await flush()
    expect(reports).toEqual(['late read forgets()'])
  })

  it('[DER-9 DBG-6] reads after the end are told to those who listen, in whatever order they leave; one that throws does no harm', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(error) })
    const told: string[] = []
    const readLate = (name: string): unknown => {
      let late: (() => unknown) | undefined
      db.get(derived(name, (q) => ((late = () => q.get(file, 'a')), 1)))
      return thrownBy(() => late?.())
    }
    const listen = (who: string, act = (): void => {}): Disposable => developmentChecks(db, { report: ({ definition }) => (told.push(`${who} ${definition}`), act()) })
    const [first, second] = [listen('first'), listen('second')]
    readLate('one')
    first[Symbol.dispose]()
    readLate('two')
    second[Symbol.dispose]()
    readLate('three')
    expect(told).toEqual(['first one', 'second one', 'second two'])
    const sink = new Error('sink')
    listen('third', () => { throw sink })
    expect(readLate('four')).toBeInstanceOf(FinishedQueryError)
    expect(errors).toEqual([sink])
  })

  it('[DBG-6] values no file can hold, and equality that is not reflexive; each once', () => {
    const { db, reports } = checked()
    const odd = input<[string], unknown>('odd')
    const made = derived('made', (_q, n: number) => ({ n, act: () => n }))
    const never = derived('never', (q) => q.get(file, 'a'), { equals: () => false })
    db.set(odd, 'fine', new Map([[{ a: [1n, new Date(0), /x/, new Uint8Array(2)] }, new Set([undefined, NaN])]]))
    db.set(odd, 'class', new (class Point { x = 1 })())
    db.set(odd, 'again', Symbol('s'))
    db.get(made, 1)
    db.get(made, 2)
    db.get(never)
    expect(reports).toEqual(['not persistable odd(class)', 'not persistable made(1)', 'equality never()'])
  })

  it('[DBG-6] in production nothing is checked', () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const { db, reports } = checked()
      db.set(input<[], unknown>('odd'), Symbol('s'))
      expect([reports, db.stats().events]).toEqual([[], 0])
    } finally {
      process.env['NODE_ENV'] = before
    }
  })
})
