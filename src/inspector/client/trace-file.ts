/** A trace that was saved as JSON. What a file says is believed only once its shape is checked. */
import type { Trace } from '../../debug/index.js'
import type { EventType } from '../../index.js'

/** A file that holds no trace. */
export class InvalidTraceError extends Error {
  /** Where, such as `events[3].revision`; empty: the file as a whole. */
  readonly path: string

  constructor(path: string, wanted: string) {
    super(path === '' ? `This is no trace: the file ${wanted}.` : `This is no trace: ${path} ${wanted}.`)
    this.name = 'InvalidTraceError'
    this.path = path
  }
}

type Check = (value: unknown, path: string) => void
type Fields = Readonly<Record<string, Check>>

const check = (isRight: (value: unknown) => boolean, wanted: string): Check => (value, path) => {
  if (!isRight(value)) throw new InvalidTraceError(path, wanted)
}

const text = check((value) => typeof value === 'string', 'must be a text')
const flag = check((value) => typeof value === 'boolean', 'must be true or false')
const time = check((value) => typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER, 'must be a number of milliseconds')
const count = check((value) => Number.isSafeInteger(value) && (value as number) >= 0, 'must be a whole number, 0 or more')
const list = check(Array.isArray, 'must be a list')
const record = check((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object')

/** An object with these fields, and perhaps with others, which nobody reads. */
const fields = (wanted: Fields): Check => (value, path) => {
  record(value, path)
  const given = value as Readonly<Record<string, unknown>>
  for (const [name, inner] of Object.entries(wanted)) inner(given[name], path === '' ? name : `${path}.${name}`)
}

const name: Fields = { definition: text, args: list, id: text }
const run: Fields = { ...name, run: count, cause: text }
const ended: Fields = { ...run, duration: time }
const base: Fields = { sequence: count, revision: count, time }
const storage: Fields = { upTo: count, bytes: count }

const events: Readonly<Record<EventType, Check>> = {
  revisionBumped: fields({}), revisionSet: fields({}), inputSet: fields(name), inputRemoved: fields(name), queryInvalidated: fields({ ...name, by: fields(name) }),
  queryStarted: fields({ ...run, parent: count }), queryComputed: fields({ ...ended, cutoff: flag }), queryFailed: fields({ ...ended, error: fields({ name: text, message: text }) }), queryCancelled: fields(ended),
  queryChanged: fields(name), queryValidated: fields(name), queryHit: fields(name), queryJoined: fields(name), queryEvicted: fields(name),
  snapshotCreated: fields({}), cacheSaved: fields(storage), cacheLoaded: fields(storage), walAppended: fields({ commits: count, upTo: count }),
}

const isType = check((value) => typeof value === 'string' && Object.hasOwn(events, value), 'is no type of event')

/**
 * The trace in a text of JSON.
 *
 * @throws {InvalidTraceError} which says where the text differs from a trace, and what should stand there
 */
export function readTrace(json: string): Trace {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new InvalidTraceError('', 'is not JSON')
  }
  record(value, '')
  fields({ events: list, dropped: count, startedAt: time, stoppedAt: time })(value, '')
  const trace = value as Trace
  for (const [i, event] of trace.events.entries()) {
    const path = `events[${i}]`
    fields({ ...base, type: isType })(event, path)
    events[event.type](event, path)
  }
  return trace
}
