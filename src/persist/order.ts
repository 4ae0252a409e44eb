/** The order of records in a section: one for every set of keys, however they came together. */
import { textOf } from '../core/saved-state.js'
import type { Slices } from './slices.js'
import { orderOfTexts } from './text-order.js'

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

/** Puts keys in order, section after section. Queries often have the keys of the input they read, in the order in which those were made. */
export class Orders {
  private keys: readonly unknown[] = []
  private order: Uint32Array = new Uint32Array(0)

  async of(keys: readonly unknown[], slices: Slices): Promise<Uint32Array> {
    if (await areSame(this.keys, keys, slices)) return this.order
    this.keys = keys
    this.order = await orderOf(keys, slices)
    return this.order
  }
}

async function areSame(some: readonly unknown[], others: readonly unknown[], slices: Slices): Promise<boolean> {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) {
    if (some[i] !== others[i]) return false
    if (slices.due(1024)) await slices.rest()
  }
  return true
}

/** The places of the keys in their order. */
export async function orderOf(keys: readonly unknown[], slices: Slices): Promise<Uint32Array> {
  if (await areTexts(keys, slices)) return orderOfTexts(keys as readonly string[], slices)
  const keyed: (Keyed & { readonly place: number })[] = []
  for (const [place, args] of keys.entries()) {
    keyed.push({ args, text: textOfArgs(args), place })
    if (slices.due()) await slices.rest()
  }
  return Uint32Array.from(await slices.sort(keyed, compareKeys), ({ place }) => place)
}

async function areTexts(keys: readonly unknown[], slices: Slices): Promise<boolean> {
  for (const key of keys) {
    if (typeof key !== 'string') return false
    if (slices.due(1024)) await slices.rest()
  }
  return true
}
