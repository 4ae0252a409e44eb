/**
 * Interned values: small numbers that stand for values. There is one table for all views of a database; it only grows, and an entry never
 * changes, so that reading it is no dependency.
 *
 *   id = lineage * 2^27 + count        the lineage is drawn at random for each database: an id of another one is refused
 */
import type { Family, InternEntry } from './branch.js'
import type { AnyInterned } from './define.js'
import { InvalidDefinitionError, InvalidIdError, LimitExceededError } from './errors.js'
import { copyArgs, encodeArgs, isPrimitive } from './key.js'
import { checkUnique, holdsMutable } from './records.js'
import { estimateBytes } from './size.js'

const COUNTS = 2 ** 27
const LINEAGES = 2 ** 25

/** The id of a value. @throws InvalidKeyError, LimitExceededError */
export function intern(family: Family, definition: AnyInterned, value: unknown): number {
  const { byPrimitive, byText } = entriesOf(family, definition)
  if (isPrimitive(value)) {
    const known = byPrimitive.get(value)
    if (known !== undefined) return known
    const id = add(family, { definition, value: value === 0 ? 0 : value, isMutable: false })
    byPrimitive.set(value, id)
    return id
  }
  const text = encodeArgs(definition.name, [value])
  const known = byText.get(text)
  if (known !== undefined) return known
  const [copy] = copyArgs([value], definition.name)
  const id = add(family, { definition, value: copy, isMutable: holdsMutable(copy) })
  byText.set(text, id)
  return id
}

/** The value of an id. @throws InvalidIdError for one of another database or definition */
export function lookup(family: Family, definition: AnyInterned, id: unknown): unknown {
  entriesOf(family, definition)
  const entry = family.interned.byId.get(id as number)
  if (entry === undefined || entry.definition !== definition) throw new InvalidIdError(definition.name, id, entry?.definition.name ?? null)
  return entry.isMutable ? copyArgs([entry.value])[0] : entry.value
}

/** @throws InvalidDefinitionError, DuplicateDefinitionError */
export function entriesOf({ interned, names }: Family, definition: AnyInterned): { readonly byPrimitive: Map<unknown, number>; readonly byText: Map<string, number> } {
  let entries = interned.byDefinition.get(definition)
  if (entries !== undefined) return entries
  if (definition?.kind !== 'interned') throw new InvalidDefinitionError('The first argument must be a definition made by interned.')
  checkUnique(names, definition)
  entries = { byPrimitive: new Map(), byText: new Map() }
  interned.byDefinition.set(definition, entries)
  return entries
}

/** What is known of a value, or will be: its id, undefined where it has none, and the value as the table keeps it. */
function placeOf(family: Family, definition: AnyInterned, value: unknown): { readonly id: number | undefined; readonly put: (id: number) => void } {
  const { byPrimitive, byText } = entriesOf(family, definition)
  if (isPrimitive(value)) {
    const primitive = value === 0 ? 0 : value
    return { id: byPrimitive.get(value), put: (id) => {
      byPrimitive.set(primitive, id)
      family.interned.byId.set(id, { definition, value: primitive, isMutable: false })
    } }
  }
  const text = encodeArgs(definition.name, [value])
  return { id: byText.get(text), put: (id) => {
    const [copy] = copyArgs([value], definition.name)
    byText.set(text, id)
    family.interned.byId.set(id, { definition, value: copy, isMutable: holdsMutable(copy) })
  } }
}

/**
 * Whether an id of another time can stand for the value here: the value has no other id, and the id no other value.
 * @throws InvalidKeyError
 */
export function mayAdopt(family: Family, definition: AnyInterned, id: number, value: unknown): boolean {
  const known = placeOf(family, definition, value).id
  return known === undefined ? !family.interned.byId.has(id) : known === id
}

/** Lets an id of another time stand for the value. Ids made from now on are of this database, and never meet it. */
export function adopt(family: Family, definition: AnyInterned, id: number, value: unknown): void {
  const { id: known, put } = placeOf(family, definition, value)
  if (known !== undefined) return
  put(id)
  if (family.settings.stateBytes < Infinity) family.interned.bytes += estimateBytes(value)
}

function add({ interned, settings, head, journal }: Family, entry: InternEntry): number {
  const bytes = settings.stateBytes < Infinity ? interned.bytes + estimateBytes(entry.value) : 0
  if (head.bytes + bytes > settings.stateBytes) throw new LimitExceededError('stateBytes', settings.stateBytes, head.bytes + bytes)
  if (interned.lineage === 0) interned.lineage = 1 + Math.floor(Math.random() * LINEAGES)
  // What was loaded may have ids of the same lineage: it was drawn before, by another life of the database.
  let { count } = interned
  let id: number
  do id = interned.lineage * COUNTS + ++count
  while (interned.byId.has(id))
  journal?.interned(entry.definition, entry.value, id)
  interned.bytes = bytes
  interned.count = count
  interned.byId.set(id, entry)
  return id
}
