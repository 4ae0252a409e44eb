/**
 * Everything Pebre throws on its own account. A caller's errors are never wrapped: they come back as the same object.
 *
 * One base class; a subclass for each thing a caller can act on; the facts are fields, and the message says what
 * happened, where, and what to do about it.
 */
export class PebreError extends Error {
  override get name(): string {
    return this.constructor.name
  }
}

/** A definition, an option or an argument that is not what it must be. Nothing was done. */
export class InvalidDefinitionError extends PebreError {}

/** Two different definitions with one name met in one database. */
export class DuplicateDefinitionError extends PebreError {
  readonly definition: string

  constructor(definition: string) {
    super(`Two definitions are named "${definition}". Names identify records in a database: rename one of them.`)
    this.definition = definition
  }
}

/** An argument that cannot be part of a key. */
export class InvalidKeyError extends PebreError {
  readonly definition: string
  /** Where in the arguments, such as `args[0].a`. */
  readonly path: string
  readonly reason: string

  constructor(definition: string, path: string, reason: string) {
    super(`${definition}: ${path} cannot be part of a key: ${reason}. Use primitives, plain objects, arrays, dates, typed arrays or Immutable collections.`)
    this.definition = definition
    this.path = path
    this.reason = reason
  }
}

/** A number that does not stand for a value of the definition in this database. */
export class InvalidIdError extends PebreError {
  readonly definition: string
  readonly id: unknown

  constructor(definition: string, id: unknown, owner: string | null) {
    const reason = owner === null ? 'it was not given by this database' : `it stands for a value of ${owner}`
    super(`${typeof id === 'number' ? id : `a ${typeof id}`} is no id of ${definition}: ${reason}. Use ids with the definition and database that interned them.`)
    this.definition = definition
    this.id = id
  }
}

/** An input that must be set was read while absent. */
export class MissingInputError extends PebreError {
  readonly definition: string
  readonly key: string

  constructor(definition: string, key: string) {
    super(`${key} is required and has not been set. Set it, or give the input an initial value.`)
    this.definition = definition
    this.key = key
  }
}

/** A write from inside a query, an equality function or a batch that is being committed. */
export class WriteInQueryError extends PebreError {
  constructor(what: string, where: string) {
    super(`${what} from inside ${where}. Queries only read: return the value, and write from the code that asked for it.`)
  }
}

/** A read through the `q` of an evaluation that has ended. */
export class FinishedQueryError extends PebreError {
  readonly query: string

  constructor(query: string) {
    super(`${query} read through its q after it had ended. Await every read before returning.`)
    this.query = query
  }
}

/** An attempt of a query took longer than its `timeout`. */
export class QueryTimeoutError extends PebreError {
  readonly definition: string
  readonly milliseconds: number

  constructor(definition: string, milliseconds: number) {
    super(`${definition} took longer than its timeout of ${milliseconds} ms. Its signal has fired; allow it more time, or make it do less.`)
    this.definition = definition
    this.milliseconds = milliseconds
  }
}

/** The Observable of a source completed without a value. */
export class EmptySourceError extends PebreError {
  readonly source: string

  constructor(source: string) {
    super(`The Observable of ${source} completed without a value. Let it emit one first; undefined will do.`)
    this.source = source
  }
}

/** A query that needs its own result. */
export class CycleError extends PebreError {
  /** The cycle, from the query that is needed again to itself. */
  readonly path: readonly string[]
  /** How the cycle was entered, outermost first; empty where it was entered directly. */
  readonly wayIn: readonly string[]

  constructor(path: readonly string[], wayIn: readonly string[]) {
    const shown = (ids: readonly string[]): string => shorten(ids).join(' -> ')
    super(`A query needs its own result: ${shown(path)}${wayIn.length > 0 ? ` (entered through ${shown(wayIn)})` : ''}.`)
    this.path = path
    this.wayIn = wayIn
  }
}

/** A cycle of queries with initial values that goes on changing. */
export class FixpointError extends CycleError {
  /** How many rounds were computed. */
  readonly rounds: number

  constructor(heads: readonly string[], rounds: number) {
    super([...heads, ...heads.slice(0, 1)], [])
    this.message = `The cycle of ${shorten(heads).join(', ')} still changes after ${rounds} rounds. Its queries must settle, or be given a higher cycle.limit.`
    this.rounds = rounds
  }
}

/** The longest path that errors print or carry. */
const PATH_LIMIT = 32

/** A path of bounded length: its two ends, and how many steps were left out. */
export function shorten(ids: readonly string[]): string[] {
  if (ids.length <= PATH_LIMIT) return [...ids]
  const half = PATH_LIMIT / 2
  return [...ids.slice(0, half), `… ${ids.length - PATH_LIMIT} more …`, ...ids.slice(-half)]
}

/** The database was closed. */
export class ClosedError extends PebreError {
  constructor() {
    super('The database is closed.')
  }
}

/** The snapshot was disposed. */
export class DisposedError extends PebreError {
  constructor() {
    super('The snapshot is disposed. Take a new one.')
  }
}

/** Why a view that has ended takes no calls. */
export function endedError(isClosed: boolean): ClosedError | DisposedError {
  return isClosed ? new ClosedError() : new DisposedError()
}

/** A write that cannot be committed as it is, what should make writes and does not, or a batch that is used after its end. */
export class BatchError extends PebreError {}

/** Subscribers kept writing in answer to each other's writes. */
export class NestedCommitError extends PebreError {
  readonly limit: number
  /** What was being delivered to the subscriber that wrote. */
  readonly subscriber: string

  constructor(limit: number, subscriber: string) {
    super(`More than ${limit} commits in a chain were made by subscribers, the last by one of ${subscriber}. It probably answers its own writes; see limits.nestedCommits.`)
    this.limit = limit
    this.subscriber = subscriber
  }
}

/** A write would have taken the database over one of its limits. Nothing of it was done. */
export class LimitExceededError extends PebreError {
  readonly limit: string
  readonly allowed: number
  readonly wanted: number

  constructor(limit: string, allowed: number, wanted: number) {
    super(`limits.${limit} is ${allowed}, and the write needs ${wanted}. Nothing was written.`)
    this.limit = limit
    this.allowed = allowed
    this.wanted = wanted
  }
}

/** A second value for an input that never changes. Nothing was written. */
export class DurabilityError extends PebreError {
  readonly definition: string
  readonly key: string

  /** `instead`: what else can be done. */
  constructor(definition: string, key: string, instead?: string) {
    super(`${key} has durability 'never' and is set already: it cannot change or be removed. ${instead === undefined ? 'Give' : `${instead}, or give`} ${definition} durability 'high' if it may.`)
    this.definition = definition
    this.key = key
  }
}

/** The equality function of a definition threw. */
export class EqualityError extends PebreError {
  readonly definition: string

  constructor(definition: string, cause: unknown) {
    super(`The equality function of ${definition} threw. It must compare any two values of the definition.`, { cause })
    this.definition = definition
  }
}

/** A view of another database, or one that was not taken from this view. */
export class ForeignViewError extends PebreError {}

/** What an input held in a view. `present`: a value of its own or an initial one; `value` is `undefined` where there is none. */
export interface Held {
  readonly present: boolean
  readonly value: unknown
}

/** An input that changed both in a snapshot and, since the snapshot was taken, in the view it was taken from. */
export interface Conflict {
  readonly definition: string
  readonly args: readonly unknown[]
  /** `name(args)`, cut where it is long. */
  readonly id: string
  /** When the snapshot was taken, or last promoted. */
  readonly base: Held
  readonly inParent: Held
  readonly inView: Held
}

/** A snapshot cannot be promoted as it is. Nothing was written. */
export class ConflictError extends PebreError {
  readonly conflicts: readonly Conflict[]

  constructor(conflicts: readonly Conflict[]) {
    const shown = shorten(conflicts.map(({ id }) => id)).join(', ')
    super(`Changed both in the snapshot and in the view it is promoted to: ${shown}. Nothing was written: decide by onConflict, or restore the snapshot to the view's present state first.`)
    this.conflicts = conflicts
  }
}
