/** Records and events as lines of the protocol. */
import { type DebugRecord, type DebugView, describeValue, type RuntimeEvent } from '../index.js'
import type { EventLine, NodeLine, RecordKey } from './protocol.js'

/** Numbers for records. Holds none of them alive. */
export class RecordKeys {
  private readonly keys = new WeakMap<object, RecordKey>()
  private readonly handles = new Map<RecordKey, WeakRef<object>>()
  private readonly gone = new FinalizationRegistry<RecordKey>((key) => this.handles.delete(key))
  private last = 0

  of(handle: object): RecordKey {
    const known = this.keys.get(handle)
    if (known !== undefined) return known
    const key = ++this.last
    this.keys.set(handle, key)
    this.handles.set(key, new WeakRef(handle))
    this.gone.register(handle, key)
    return key
  }

  handle(key: RecordKey): object | undefined {
    return this.handles.get(key)?.deref()
  }
}

export function nodeLine(keys: RecordKeys, { handle, id, kind, state, isWatched }: Pick<DebugRecord, 'handle' | 'id' | 'kind' | 'state' | 'isWatched'>): NodeLine {
  return { key: keys.of(handle), id, kind, state, isWatched }
}

const longest = 300

/** `values`: whether values and messages may be told. */
export function eventLine(keys: RecordKeys, look: ReturnType<DebugView['look']>, event: RuntimeEvent, values: boolean): EventLine {
  const { sequence, type, revision, time } = event
  const line: { -readonly [K in keyof EventLine]: EventLine[K] } = { sequence, type, revision, time }
  if (!('id' in event)) return line
  line.id = event.id
  const record = look.findNamed(event.definition, event.args)
  if (record !== null) line.key = keys.of(record.handle)
  if ('run' in event) {
    line.run = event.run
    line.cause = event.cause
  }
  if ('duration' in event) line.duration = event.duration
  if (event.type === 'queryComputed') line.cutoff = event.cutoff
  if (event.type === 'queryInvalidated') line.by = event.by.id
  if (event.type === 'queryFailed') line.text = values ? `${event.error.name}: ${event.error.message}`.slice(0, longest) : event.error.name
  if (event.type === 'inputSet' && values) line.text = describeValue(event.value, longest)
  return line
}
