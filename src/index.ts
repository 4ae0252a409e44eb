/// <reference lib="esnext.disposable" preserve="true" />
export type { Activity } from './core/activity.js'
export { frameScheduler } from './core/frames.js'
export type { FrameSource } from './core/frames.js'
export { createDatabase, Database } from './core/database.js'
export type { Collected } from './core/collect.js'
export type { CollectOptions, DatabaseOptions, Limits, Pin, Stats } from './core/database.js'
export { derived, input, interned, source } from './core/define.js'
export type { Clock } from './core/clock.js'
export type {
  Args, AsyncOptions, Computed, Definition, Derived, DerivedOptions, Durability, EntryKey, Equals, Input, InputOptions, Interned, InternedId, KeyOf, OptionsOf, Query, Reader, Recovery, Result, Retry, Source, SourceOptions, Then, TotalInput,
} from './core/define.js'
export {
  BatchError, ClosedError, ConflictError, CycleError, DisposedError, DurabilityError, DuplicateDefinitionError, EmptySourceError, EqualityError, FinishedQueryError, FixpointError, ForeignViewError, InvalidDefinitionError, InvalidIdError,
  InvalidKeyError, LimitExceededError, MissingInputError, NestedCommitError, PebreError, QueryTimeoutError, WriteInQueryError,
} from './core/errors.js'
export type { Conflict, Held } from './core/errors.js'
export type { EventCategory, EventType, RecordName, RuntimeEvent } from './core/events.js'
export { describeValue } from './core/describe.js'
export { defaultEquals } from './core/equality.js'
export type { Batch } from './core/batch.js'
export type { InputNode } from './core/input-node.js'
export { keyText } from './core/key-text.js'
export type { QueryState } from './core/live.js'
export type { LiveOptions } from './core/policies.js'
export type { IterateOptions, Stream } from './core/stream.js'
export type { Cleanup, Effect, EffectOptions } from './core/effect.js'
export { queryPath } from './core/judge.js'
export type { Revision } from './core/revision.js'
export type { Difference, PromoteOptions, Resolution } from './core/transfer.js'
export { diff, Snapshot, View } from './core/view.js'
export type { LeavingReader, LiveReader } from './core/view.js'
