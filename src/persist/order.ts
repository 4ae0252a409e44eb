/** The order of records in a section: one for every set of keys, however they came together. */
import { textOf } from '../core/saved-state.js'
import type { Slices } from './slices.js'

/** Arguments as records keep them (none, one primitive, or a list), ready to be compared. */
export interface Keyed {
  readonly args: unknown
  /** Names the list, where there is one. */
  readonly text: string
}

/** @throws InvalidKeyError where they can be no key */
export function textOfArgs(args: unknown): string {
  return Array.isArray(args) ? textOf('key', args) : ''
}

const ranks: readonly string[] = ['undefined', 'boolean', 'number', 'bigint', 'string', 'object']

function rankOf(args: unknown): number {
  if (args === null) return -1
  return ranks.indexOf(typeof args)
}

/** Negative, zero or positive, as in `sort`. Zero only for the same key. */
export function compareKeys(a: Keyed, b: Keyed): number {
  const x = a.args
  const y = b.args
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0
  const rank = rankOf(x) - rankOf(y)
  if (rank !== 0) return rank
  if (typeof x === 'object') return a.text < b.text ? -1 : a.text > b.text ? 1 : 0
  if (typeof x === 'number' && (Number.isNaN(x) || Number.isNaN(y))) return Number(Number.isNaN(y)) - Number(Number.isNaN(x))
  return (x as number) < (y as number) ? -1 : (x as number) > (y as number) ? 1 : 0
}

/** Sorts records by their keys. */
export async function sortByKeys<T extends Keyed>(list: readonly T[], slices: Slices): Promise<T[]> {
  const first = list[0]?.args
  if (typeof first !== 'string') return slices.sort(list, compareKeys)
  // Texts: what they all begin with tells nothing, and the four characters behind it nearly all, as one small number.
  let common = first.length
  for (const { args } of list) {
    if (typeof args !== 'string') return slices.sort(list, compareKeys)
    if (!args.startsWith(first.slice(0, common))) common = commonLength(first, args)
    if (slices.due(256)) await slices.rest()
  }
  const coded: { readonly code: number; readonly args: string; readonly entry: T }[] = []
  for (const entry of list) {
    const args = entry.args as string
    coded.push({ code: codeOf(args, common), args, entry })
    if (slices.due(256)) await slices.rest()
  }
  const sorted = await slices.sort(coded, (a, b) => a.code - b.code || (a.args < b.args ? -1 : a.args > b.args ? 1 : 0))
  return sorted.map(({ entry }) => entry)
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

/** Of four characters, as far as they are ASCII: a smaller one only for a smaller text, the same one for some that differ. */
function codeOf(text: string, from: number): number {
  let code = 0
  for (let i = from; i < from + 4; i++) {
    const unit = i < text.length ? text.charCodeAt(i) + 1 : 0
    if (unit >= 127) return ((code << 7) | 127) << (7 * (from + 3 - i))
    code = (code << 7) | unit
  }
  return code
}
