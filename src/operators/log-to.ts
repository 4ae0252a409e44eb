/**
 * Events to a logger.
 *
 * The lines are written after the delivery of the events, in the order in which these came: a slow logger holds up no subscriber, and what
 * a logger writes to the database is an ordinary write from outside, whose events arrive while the logger is being called. That
 * is how they are known, and why a logger never hears of what it did itself:
 *
 *   events ─> queue ─(end of the turn)─> line ─> logger ─> its own write ─> events: not logged, nor is what else happens at their revisions
 */
import type { MonoTypeOperatorFunction, Observable, SchedulerLike } from 'rxjs'
import { describeValue, type EventType, InvalidDefinitionError, type RecordName, type Revision, type RuntimeEvent } from '../index.js'
import { aFunction, anObject, check, checkOptions } from '../core/check.js'
import { operator, report } from './lift.js'
import { aType } from './of-type.js'
import { type Window, windowRules, windows } from './window.js'

const levelNames = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof levelNames)[number]

/**
 * What the lines go to: `console`, a pino logger, or anything with these methods. One that has a `child`, as pino does, is called with
 * the fields and then the message; any other with the message and then the fields.
 */
export type Logger = { readonly [L in LogLevel]: (first: never, second: never) => void } & { readonly child?: unknown }

/** The facts of a line. `event` and `id` make its message. */
export interface LogFields {
  readonly event?: string
  readonly id?: string
  readonly [name: string]: unknown
}

export interface LogOptions {
  /** The level of each type of event; `silent` leaves it out. Default: `warn` for `queryFailed`, `debug` for the rest. */
  readonly levels?: { readonly [T in EventType]?: LogLevel | 'silent' }
  /** Logs the first event of a type, and then every so-many-th. Default: each. */
  readonly every?: { readonly [T in EventType]?: number }
  /** What a line shows of an event; `null`: no line. Default: `briefly`. If it throws, there is no line, and the error is reported. */
  readonly redact?: (event: RuntimeEvent) => LogFields | null
  /** When the lines are written. Default: `asapScheduler`, which is the end of the turn. */
  readonly scheduler?: SchedulerLike
  /** How many lines may wait; further ones are left out, and their number is logged. Default 10 000. */
  readonly limit?: number
}

/** How many revisions made by the logger are remembered. */
const OWN = 1000

type Facts = { readonly [name in 'value' | 'args' | 'definition']?: unknown } & { readonly by?: RecordName }

/** The facts of an event without values and arguments, which may be secret, or large; the `id` of a record shows its arguments, cut where they are long. */
export function briefly(event: RuntimeEvent): LogFields {
  const { type, value: _value, args: _args, definition: _definition, time: _time, by, ...rest }: Facts & RuntimeEvent = event
  return { event: type, ...rest, ...(by === undefined ? {} : { by: by.id }) }
}

/**
 * Logs the events of a view, and hands them on as they are. What the logger throws is reported to `onUnhandledError`, once for each line; the
 * stream and the other subscribers go on. A logger that writes to the database is not told of the revisions it makes so. (One that writes
 * later, in a turn of its own, writes from outside, and is told.) Lines that wait when the stream ends or is unsubscribed are written at once.
 *
 * @throws `InvalidDefinitionError` where the logger or an option is none
 *
 * ```ts
 * db.events$.pipe(logTo(console, { levels: { queryStarted: 'silent' } })).subscribe()
 * ```
 */
export function logTo<E extends RuntimeEvent>(logger: Logger, options: LogOptions = {}): MonoTypeOperatorFunction<E> {
  checkAll(logger, options)
  return operator<E, E>((subscriber, source) => {
    const log = new Log(logger, options, source)
    subscriber.add(() => log.end())
    return {
      next(event) {
        log.take(event)
        subscriber.next(event)
      },
    }
  })
}

function checkAll(logger: Logger, options: LogOptions): void {
  checkOptions('logTo: ', options, { levels: anObject, every: anObject, redact: aFunction, scheduler: windowRules.scheduler })
  const { levels = {}, every = {}, limit = 1 } = options
  for (const type of [...Object.keys(levels), ...Object.keys(every)]) check('A type of events in levels or every', type, aType)
  for (const level of levelNames) {
    if (typeof (logger as Partial<Logger> | null)?.[level] !== 'function') throw new InvalidDefinitionError(`The logger has no method ${level}. It needs ${levelNames.join(', ')}.`)
  }
  for (const level of Object.values(levels)) {
    if (level !== 'silent' && !levelNames.includes(level)) throw new InvalidDefinitionError(`levels: there is no level ${describeValue(level)}.`)
  }
  for (const count of [...Object.values(every), limit]) {
    if (!(Number.isInteger(count) && count > 0)) throw new InvalidDefinitionError(`every and limit are whole numbers above 0, and ${describeValue(count)} is none.`)
  }
}

class Log {
  private readonly logger: Logger
  private readonly options: LogOptions
  private readonly source: Observable<unknown>
  private readonly counts = new Map<EventType, number>()
  private waiting: RuntimeEvent[] = []
  private readonly turn: Window
  private dropped = 0
  /** The logger is being called. */
  private isWriting = false
  /** The newest revision that did not come from the logger. */
  private newest: Revision = -1
  /** Revisions made by the logger. */
  private readonly own = new Set<Revision>()

  constructor(logger: Logger, options: LogOptions, source: Observable<unknown>) {
    this.logger = logger
    this.options = options
    this.source = source
    this.turn = windows(options.scheduler === undefined ? {} : { scheduler: options.scheduler })(() => this.flush())
  }

  take(event: RuntimeEvent): void {
    if (this.isOwn(event) || this.levelOf(event.type) === 'silent' || !this.isDue(event.type)) return
    if (this.waiting.length >= (this.options.limit ?? 10_000)) this.dropped++
    else this.waiting.push(event)
    this.turn.open()
  }

  private isOwn({ revision }: RuntimeEvent): boolean {
    if (!this.isWriting) {
      if (this.own.has(revision)) return true
      this.newest = Math.max(this.newest, revision)
      return false
    }
    if (revision > this.newest) {
      this.own.add(revision)
      if (this.own.size > OWN) for (const oldest of this.own) return this.own.delete(oldest)
    }
    return true
  }

  private levelOf(type: EventType): LogLevel | 'silent' {
    return this.options.levels?.[type] ?? (type === 'queryFailed' ? 'warn' : 'debug')
  }

  private isDue(type: EventType): boolean {
    const every = this.options.every?.[type] ?? 1
    const count = this.counts.get(type) ?? 0
    this.counts.set(type, count + 1)
    return count % every === 0
  }

  /** Writes what waits, now. */
  end(): void {
    this.turn.close()
  }

  private flush(): void {
    const { waiting, dropped } = this
    this.waiting = []
    this.dropped = 0
    for (const event of waiting) this.write(this.levelOf(event.type), () => (this.options.redact ?? briefly)(event), event.type)
    if (dropped > 0) this.write('warn', () => ({ event: 'eventsDropped', dropped }), 'eventsDropped')
  }

  private write(level: LogLevel | 'silent', fieldsOf: () => LogFields | null, type: string): void {
    if (level === 'silent') return
    const { logger } = this
    this.isWriting = true
    try {
      const fields = fieldsOf()
      if (fields === null) return
      const message = [fields.event ?? type, fields.id].filter((part) => part !== undefined).join(' ')
      const given = 'child' in logger ? [fields, message] : [message, fields]
      logger[level](...(given as [never, never]))
    } catch (error) {
      report(this.source, error)
    } finally {
      this.isWriting = false
    }
  }
}
