/** logTo: events to a logger. */
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { from, queueScheduler } from 'rxjs'
import { flush } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Database, type DatabaseOptions, derived, input, InvalidDefinitionError, type RuntimeEvent } from '../../src/index.js'
import { briefly, type Logger, type LogOptions, logTo } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const lines = input<[], number>('lines', { initial: 0 })
const double = derived('double', (q) => q.get(x) * 2)
const picky = derived('picky', (q) => {
  if (q.get(x) < 0) throw new Error('negative')
  return q.get(x)
})

/** A logger that keeps its lines: level and message. */
function collector(onLine: (line: string) => void = () => {}): { readonly logger: Logger; readonly take: () => string[] } {
  const taken: string[] = []
  const at = (level: string) => (message: string): void => {
    taken.push(`${level} ${message}`)
    onLine(`${level} ${message}`)
  }
  return {
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    take: () => taken.splice(0),
  }
}

function logged(options: LogOptions = {}, databaseOptions: DatabaseOptions = {}, onLine?: (line: string, db: Database) => void) {
  const db = createDatabase(databaseOptions)
  const { logger, take } = collector((line) => onLine?.(line, db))
  const subscription = db.events$.pipe(logTo(logger, options)).subscribe()
  return { db, take, subscription }
}

describe('what is logged', () => {
  it('[EVT-1] events in their order, at the end of the turn; failures as warnings', async () => {
    const { db, take } = logged()
    db.set(x, 2)
    db.get(double)
    db.set(x, -2)
    try {
      db.get(picky)
    } catch {}
    expect(take()).toEqual([])
    await flush()
    expect(take()).toEqual([
      'debug revisionBumped', 'debug inputSet x()', 'debug queryStarted double()', 'debug queryComputed double()', 'debug queryChanged double()', 'debug revisionBumped',
      'debug inputSet x()', 'debug queryInvalidated double()', 'debug queryStarted picky()', 'warn queryFailed picky()', 'debug queryChanged picky()',
    ])
  })

  it('levels by type, and samples: the first and every so-many-th', async () => {
    const { db, take } = logged({ levels: { inputSet: 'info', revisionBumped: 'silent' }, every: { inputSet: 3 } })
    for (let i = 0; i < 7; i++) db.set(x, i + 10)
    await flush()
    expect(take()).toEqual(['info inputSet x()', 'info inputSet x()', 'info inputSet x()'])
  })

  it('no value and no argument beyond the id, unless asked for', async () => {
    const secret = input<[user: string], string>('secret')
    const db = createDatabase()
    const events: RuntimeEvent[] = []
    db.events('input').subscribe((event) => events.push(event))
    db.set(secret, 'ann', 'hunter2')
    expect(events.map(briefly)).toEqual([{ event: 'inputSet', revision: 1, sequence: 1, id: 'secret(ann)' }])
    const seen: unknown[] = []
    const logger = { debug: (...given: unknown[]) => seen.push(given), info() {}, warn() {}, error() {} }
    db.events('input').pipe(logTo(logger, { redact: ({ type }) => (type === 'inputSet' ? { event: type, id: 'secret(…)' } : null) })).subscribe()
    db.set(secret, 'bob', 'hunter3')
    db.remove(secret, 'bob')
    await flush()
    expect(seen).toEqual([['inputSet secret(…)', { event: 'inputSet', id: 'secret(…)' }]])
  })

  it('hands the events on as they are', () => {
    marbles(({ cold, expectObservable }) => {
      const event = (revision: number): RuntimeEvent => ({ type: 'revisionBumped', sequence: revision, revision, time: 0 })
      const values = { a: event(1), b: event(2) }
      expectObservable(cold('a-b-|', values).pipe(logTo(collector().logger))).toBe('a-b-|', values)
      expectObservable(cold('a-b-#', values).pipe(logTo(collector().logger))).toBe('a-b-#', values)
    })
  })

  it('what waits is written when the log ends', async () => {
    const { db, take, subscription } = logged()
    db.set(x, 2)
    subscription.unsubscribe()
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
    db.set(x, 3)
    await flush()
    expect(take()).toEqual([])
    const closing = logged()
    closing.db.set(x, 2)
    closing.db.close()
    expect(closing.take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
  })

  it('keeps no more lines than the limit, and tells how many are missing', async () => {
    const { db, take } = logged({ limit: 3 })
    for (let i = 0; i < 5; i++) db.set(x, i + 10)
    await flush()
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()', 'debug revisionBumped', 'warn eventsDropped'])
    db.set(x, 1)
    await flush()
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
  })

  it('a scheduler that runs at once', () => {
    const { db, take } = logged({ scheduler: queueScheduler })
    db.set(x, 2)
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
    db.set(x, 3)
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
  })
})

describe('loggers', () => {
  const event: RuntimeEvent<'inputSet'> = { type: 'inputSet', sequence: 7, revision: 3, time: 1, definition: 'x', args: ['a'], id: 'x("a")', value: 1 }

  it('pino takes the fields, then the message', () => {
    let written = ''
    const logger = pino({ level: 'debug', base: null, timestamp: false }, { write: (line: string) => void (written += line) })
    from([event]).pipe(logTo(logger)).subscribe()
    expect(JSON.parse(written)).toEqual({ level: 20, event: 'inputSet', sequence: 7, revision: 3, id: 'x("a")', msg: 'inputSet x("a")' })
  })

  it('console takes the message, then the fields', () => {
    let written = ''
    const stdout = new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk)
        done()
      },
    })
    from([event]).pipe(logTo(new Console(stdout))).subscribe()
    expect(written.replace(/\s+/g, ' ')).toBe(`inputSet x("a") { event: 'inputSet', sequence: 7, revision: 3, id: 'x("a")' } `)
  })
})

it('refuses what is no logger, and options that mean nothing', () => {
  const { logger } = collector()
  const bad: [unknown, unknown][] = [[{ log() {} }, {}], [null, {}], [logger, { levels: { inputSet: 'loud' } }], [logger, { every: { inputSet: 0 } }], [logger, { limit: 0.5 }]]
  for (const [given, options] of bad) expect(() => logTo(given as Logger, options as LogOptions)).toThrow(InvalidDefinitionError)
})

describe('bad loggers do no harm', () => {
  it('[ERR-10 EVT-7] one that throws: reported once for each line, and everybody else is told', async () => {
    const reported: unknown[] = []
    const { db, take } = logged({}, { onUnhandledError: (error) => reported.push(error) }, (line) => {
      throw line
    })
    const others: string[] = []
    db.events('input').subscribe(({ type }) => others.push(type))
    db.set(x, 2)
    expect(db.get(double)).toBe(4)
    await flush()
    expect(others).toEqual(['inputSet'])
    expect(reported).toEqual(take())
    expect(reported).toEqual(['debug revisionBumped', 'debug inputSet x()', 'debug queryStarted double()', 'debug queryComputed double()', 'debug queryChanged double()'])
    db.set(x, 3)
    await flush()
    expect(take().length).toBe(3)
  })

  it('[ERR-10] a redaction that throws: no line, and it is reported', async () => {
    const reported: unknown[] = []
    const redact = (event: RuntimeEvent): never => {
      throw event.type
    }
    const { db, take } = logged({ redact }, { onUnhandledError: (error) => reported.push(error) })
    db.set(x, 2)
    await flush()
    expect(take()).toEqual([])
    expect(reported).toEqual(['revisionBumped', 'inputSet'])
  })

  it('[ERR-10] the report of a stream that is closed, or of no database, is not lost', async () => {
    const reported: unknown[] = []
    const { db } = logged({}, { onUnhandledError: (error) => reported.push(error) }, () => {
      throw new Error('no disk')
    })
    db.set(x, 2)
    db.close()
    expect(reported.length).toBe(2)
  })

  it('[ERR-10 REV-6] one that writes for every line: it is not told of its own writes', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const writing = collector(() => db.update(lines, (count) => count + 1))
    db.events$.pipe(logTo(writing.logger)).subscribe()
    db.observe(derived('seen', (q) => q.get(lines) + 1)).subscribe()
    await flush()
    writing.take()
    const before = db.get(lines)
    db.set(x, 2)
    expect(db.get(x)).toBe(2)
    await flush()
    expect(writing.take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
    expect(db.get(lines) - before).toBe(2)
    expect(reported).toEqual([])
  })

  it('[ERR-10] one whose writes start asynchronous runs does not answer itself for ever', async () => {
    const db = createDatabase()
    const writing = collector(() => db.update(lines, (count) => count + 1))
    const inner = derived('inner', async (q) => q.get(lines))
    const outer = derived('outer', async (q) => (await q.get(inner)) + 1)
    db.watch(outer).subscribe()
    await flush()
    db.events$.pipe(logTo(writing.logger)).subscribe()
    db.set(x, 2)
    for (let i = 0; i < 20; i++) await flush()
    expect(writing.take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
    expect(db.get(lines)).toBe(2)
    db.set(x, 3)
    await flush()
    expect(writing.take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
  })

  it('one that reads is told of what others do at that revision', async () => {
    const db = createDatabase()
    const reading = collector(() => db.get(double))
    db.events$.pipe(logTo(reading.logger)).subscribe()
    db.set(x, 2)
    await flush()
    expect(reading.take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
    db.get(picky)
    await flush()
    expect(reading.take()).toEqual(['debug queryStarted picky()', 'debug queryComputed picky()', 'debug queryChanged picky()'])
  })

  it('[LIVE-9] one that unsubscribes itself', async () => {
    const { db, take, subscription } = logged({}, {}, () => subscription.unsubscribe())
    db.set(x, 2)
    await flush()
    db.set(x, 3)
    await flush()
    expect(take()).toEqual(['debug revisionBumped', 'debug inputSet x()'])
  })
})
