import { filter, type OperatorFunction } from 'rxjs'
import { aDefinition, check } from '../core/check.js'
import type { Definition, RecordName, RuntimeEvent } from '../index.js'

/** An event about one record. */
export type RecordEvent = Extract<RuntimeEvent, RecordName>

/** The events about records of some definitions. @throws `InvalidDefinitionError` for anything but definitions */
export function ofDefinition(...definitions: readonly Definition[]): OperatorFunction<RuntimeEvent, RecordEvent> {
  for (const definition of definitions) check('An argument of ofDefinition', definition, aDefinition('input', 'derived', 'source'))
  const wanted: ReadonlySet<string> = new Set(definitions.map(({ name }) => name))
  return filter((event): event is RecordEvent => 'definition' in event && wanted.has(event.definition))
}
