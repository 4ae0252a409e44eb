import { filter, type OperatorFunction } from 'rxjs'
import type { EventType, RuntimeEvent } from '../index.js'

/** The events of some types, typed as such. */
export function ofType<T extends EventType>(...types: readonly T[]): OperatorFunction<RuntimeEvent, RuntimeEvent<T>> {
  const wanted: ReadonlySet<EventType> = new Set(types)
  return filter((event): event is RuntimeEvent<T> => wanted.has(event.type))
}
