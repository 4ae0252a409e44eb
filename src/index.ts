/// <reference lib="esnext.disposable" preserve="true" />
export { createDatabase, Database } from './core/database.js'
export type { DatabaseOptions, Limits, Stats } from './core/database.js'
export { derived, input, interned } from './core/define.js'
export type { Args, Definition, Derived, DerivedOptions, EntryKey, Equals, Input, InputOptions, Interned, InternedId, KeyOf, Query, Reader, Result, Then, TotalInput } from './core/define.js'
export {
  BatchError, ClosedError, ConflictError, CycleError, DisposedError, DuplicateDefinitionError, EqualityError, FinishedQueryError, FixpointError, ForeignViewError, InvalidDefinitionError, InvalidIdError, InvalidKeyError,
  LimitExceededError, MissingInputError, NestedCommitError, PebreError, WriteInQueryError,
} from './core/errors.js'
export type { Conflict, Held } from './core/errors.js'
export type { EventCategory, EventType, RecordName, RuntimeEvent } from './core/events.js'
export { describeValue } from './core/describe.js'
export { defaultEquals } from './core/equality.js'
export type { Batch } from './core/batch.js'
export type { InputNode } from './core/input-node.js'
export { keyText } from './core/key-text.js'
export type { QueryState } from './core/live.js'
export { queryPath } from './core/judge.js'
export type { Revision } from './core/revision.js'
export type { Difference, PromoteOptions, Resolution } from './core/transfer.js'
export { diff, Snapshot, View } from './core/view.js'
export type { LeavingReader } from './core/view.js'
