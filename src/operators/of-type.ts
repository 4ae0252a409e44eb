import { filter, type OperatorFunction } from 'rxjs'
import { check, oneOf, type Rule } from '../core/check.js'
import { categoryOf } from '../core/events.js'
import type { EventType, RuntimeEvent } from '../index.js'

export const aType: Rule = oneOf(...Object.keys(categoryOf))

/** The events of some types, typed as such. @throws `InvalidDefinitionError` for a type that there is not */
export function ofType<T extends EventType>(...types: readonly T[]): OperatorFunction<RuntimeEvent, RuntimeEvent<T>> {
  for (const type of types) check('A type of events', type, aType)
  const wanted: ReadonlySet<EventType> = new Set(types)
  return filter((event): event is RuntimeEvent<T> => wanted.has(event.type))
}
