/**
 * What of a view goes into a file: its inputs, and the memos that can be trusted after a load. In slices, from a reader that
 * stands still.
 *
 *   slots ──> forms of the values
 *   memos ──> forms of the values ──> dependencies (link.ts). What depends on a failure or on something volatile is left out
 */
import { isQuery, nameOf, type Ref, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import type { AnyDerived, AnyInput, AnyInterned } from './definitions.js'
import { UnsupportedValueError } from './errors.js'
import { Linker } from './link.js'
import { type Gathered, Memos, Records, type Span } from './records.js'
import type { Slices } from './slices.js'

export interface GatherOptions {
  readonly encoder: Encoder
  readonly slices: Slices
  /** Leave out memos whose values have no form, instead of failing. */
  readonly omitUnsupported: boolean
  /** Records kept from a file are written too, and may be made from anything. */
  readonly hasRetained: boolean
}

/** @throws UnsupportedValueError */
export async function gather(reader: StateReader, options: GatherOptions): Promise<Gathered> {
  const inputs = new Map<AnyInput, Records>()
  const queries = new Map<AnyDerived, Span>()
  const omitted: { key: string; reason: string }[] = []
  const memos = new Memos()
  for (const definition of reader.definitions()) {
    if (definition.kind === 'input') inputs.set(definition, await gatherSlots(reader, definition, options))
    else if (definition.options.persist !== false) queries.set(definition, await gatherMemos(reader, definition, options, memos, omitted))
  }
  if (options.hasRetained || memos.read.deps.some(isQuery)) await memos.index(options.slices)
  await new Linker(reader, memos, options.slices).run()
  // Last: nothing that was gathered holds an id that is not among them.
  return { inputs, queries, memos, interned: await gatherInterned(reader, options), omitted }
}

async function gatherInterned(reader: StateReader, { encoder, slices }: GatherOptions): Promise<Map<AnyInterned, Records>> {
  const all = new Map<AnyInterned, Records>()
  for (const [definition, values] of reader.interned()) {
    const records = new Records()
    for (const { id, value } of values) {
      const before = encoder.weight
      records.keys.push(id)
      records.forms.push(formOf(encoder, value, definition.name, `${definition.name} ${id}`))
      records.weights.push(encoder.weight - before)
      if (slices.due()) await slices.rest()
    }
    all.set(definition, records)
  }
  return all
}

async function gatherSlots(reader: StateReader, definition: AnyInput, { encoder, slices }: GatherOptions): Promise<Records> {
  const records = new Records()
  for (const list of reader.slots(definition)) {
    for (const record of list) {
      if (record === undefined) continue
      const { slot, value } = record
      const before = encoder.weight
      records.targets.push(slot)
      records.keys.push(storedArgsOf(slot))
      records.forms.push(formOf(encoder, value, definition.name, slot))
      records.weights.push(encoder.weight - before)
      if (slices.due()) await slices.rest()
    }
  }
  return records
}

/** @throws UnsupportedValueError */
function formOf(encoder: Encoder, value: unknown, definition: string, record: Ref | string): unknown {
  try {
    return encoder.form(value)
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, { definition, key: typeof record === 'string' ? record : nameOf(record) }) : error
  }
}

async function gatherMemos(reader: StateReader, definition: AnyDerived, { encoder, slices, omitUnsupported }: GatherOptions, memos: Memos, omitted: { key: string; reason: string }[]): Promise<Span> {
  const start = memos.cells.length
  for (const cell of reader.cells(definition)) {
    if (slices.due()) await slices.rest()
    if (!reader.readMemo(cell, memos.read)) continue
    if (memos.read.isEvicted) {
      memos.skip()
      continue
    }
    const before = encoder.weight
    try {
      const form = formOf(encoder, memos.read.value, definition.name, cell)
      memos.add(cell, form, encoder.weight - before)
    } catch (error) {
      if (!(omitUnsupported && error instanceof UnsupportedValueError)) throw error
      omitted.push({ key: nameOf(cell), reason: `${error.path}: ${error.reason}` })
      memos.skip()
    }
  }
  return { start, end: memos.cells.length }
}
