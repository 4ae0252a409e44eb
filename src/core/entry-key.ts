/**
 * How keys appear in `entries`. What is no primitive is one object for each key, for ever: maps of different revisions share it, and are compared by it.
 *
 * Dates and bytes in it cannot be frozen, and a copy for each caller would cost what exists. So what they held at first is kept beside them, and whoever
 * asks for the map finds it as it was. Keys without such parts pay nothing.
 */
import { isCollection, isKeyed, List, Stack } from 'immutable'
import { argsOf, type Slot, type Table } from './node.js'

/** A key that holds dates or bytes, with what each of them held at first. */
class LooseKey {
  readonly key: unknown
  private readonly parts: readonly (readonly [part: object, content: number | Uint8Array])[]

  constructor(key: unknown, parts: readonly object[]) {
    this.key = key
    this.parts = parts.map((part) => [Object.preventExtensions(part), part instanceof Date ? Date.prototype.getTime.call(part) : bufferOf(part).slice()])
  }

  /** False: a buffer was transferred. */
  mend(): boolean {
    return this.parts.every(([part, content]) => {
      if (typeof content !== 'number') return mendBytes(bufferOf(part), content)
      if (!Object.is(Date.prototype.getTime.call(part), content)) Date.prototype.setTime.call(part, content)
      return true
    })
  }
}

function bufferOf(part: object): Uint8Array {
  const buffer = ArrayBuffer.isView(part) ? part.buffer : (part as ArrayBuffer)
  return buffer.byteLength === 0 ? new Uint8Array() : new Uint8Array(buffer)
}

function mendBytes(bytes: Uint8Array, content: Uint8Array): boolean {
  if (bytes.length !== content.length) return false
  if (content.some((byte, index) => bytes[index] !== byte)) bytes.set(content)
  return true
}

/** The keys of a table that hold dates or bytes, until one of them cannot be mended: then all of them are made anew. */
export class LooseKeys {
  private readonly table: Table
  isWhole = true

  constructor(table: Table) {
    this.table = table
  }

  /** Gives all keys what they held at first. False: they are others now. */
  mend(): boolean {
    const { entryKeys } = this.table
    for (const known of entryKeys.values()) if (known instanceof LooseKey && !known.mend()) this.isWhole = false
    if (this.isWhole) return true
    if (this.table.looseKeys === this) {
      this.table.looseKeys = null
      for (const [slot, known] of entryKeys) if (known instanceof LooseKey) entryKeys.delete(slot)
    }
    return false
  }
}

/** The loose keys of a table of the head; null: it has none. */
export function looseKeysOf(table: Table): LooseKeys | null {
  return table.looseKeys as LooseKeys | null
}

/**
 * One primitive as it is, otherwise an Immutable list. Immutable takes a date for its number, and a stack for a list, so where there are such it is an
 * array, which is equal to nothing but itself.
 */
export function entryKeyOf({ args: stored, origin }: Slot): unknown {
  if (stored !== undefined && !Array.isArray(stored)) return stored
  const { table } = origin
  const known = table.entryKeys.get(origin)
  if (known !== undefined) return known instanceof LooseKey ? known.key : known
  const args = argsOf(origin)
  const key = args.some(isMistaken) ? args : List(args)
  const parts: object[] = []
  if (table.copiesArgs) collectLoose(args, parts)
  table.entryKeys.set(origin, parts.length > 0 ? new LooseKey(key, parts) : key)
  if (parts.length > 0) table.looseKeys ??= new LooseKeys(table)
  return key
}

/** Immutable takes it for something else, however deep in its collections it is; what is plain it compares by reference. */
function isMistaken(value: unknown): boolean {
  if (value instanceof Date || Stack.isStack(value)) return true
  if (!isCollection(value)) return false
  return value.some((part, key) => isMistaken(part) || (isKeyed(value) && isMistaken(key)))
}

function collectLoose(value: unknown, parts: object[]): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) parts.push(value)
  else if (isCollection(value)) for (const pair of value.entries() as Iterable<[unknown, unknown]>) collectLoose(pair, parts)
  else for (const part of Object.values(value)) collectLoose(part, parts)
}
