/** Places for the nodes of graphs that are too large for a careful layout: layers from inputs to roots, wrapped into blocks. Linear, but for sorting. */
import type { RecordKey } from '../protocol.js'

export interface Place {
  readonly x: number
  readonly y: number
}

const COLUMN = 230
const ROW = 34
const GAP = 130
/** The width of the whole to its height, if there were one layer. */
const SHAPE = 1.4

export function layered(keys: readonly RecordKey[], edges: readonly (readonly [from: RecordKey, to: RecordKey])[]): Map<RecordKey, Place> {
  const ranks = ranksOf(keys, edges)
  const layers: RecordKey[][] = []
  for (const key of keys) (layers[ranks.get(key) ?? 0] ??= []).push(key)
  const below = new Map<RecordKey, RecordKey[]>()
  for (const [from, to] of edges) listOf(below, from).push(to)
  const places = new Map<RecordKey, Place>()
  const mostRows = Math.ceil(Math.sqrt((keys.length * COLUMN) / (ROW * SHAPE)))
  let x = 0
  for (const layer of layers) {
    if (layer === undefined) continue
    const weight = (key: RecordKey): number => mean((below.get(key) ?? []).map((dep) => places.get(dep)?.y ?? 0))
    const sorted = layer.map((key) => ({ key, at: weight(key) })).toSorted((a, b) => a.at - b.at)
    const columns = Math.ceil(sorted.length / mostRows)
    const rows = Math.ceil(sorted.length / columns)
    for (const [i, { key }] of sorted.entries()) {
      // Row by row, so that neighbours in the order stay at one height.
      places.set(key, { x: x + (i % columns) * COLUMN, y: (Math.floor(i / columns) - rows / 2) * ROW })
    }
    x += columns * COLUMN + GAP
  }
  return stretched(places, x)
}

/** Many layers of few: the room there is in height is used too. */
function stretched(places: Map<RecordKey, Place>, width: number): Map<RecordKey, Place> {
  const height = 2 * Math.max(ROW, ...Array.from(places.values(), ({ y }) => Math.abs(y)))
  const factor = Math.min(2.5, width / SHAPE / height)
  if (factor <= 1) return places
  return new Map(Array.from(places, ([key, { x, y }]) => [key, { x, y: y * factor }]))
}

function listOf(lists: Map<RecordKey, RecordKey[]>, key: RecordKey): RecordKey[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const list: RecordKey[] = []
  lists.set(key, list)
  return list
}

const mean = (list: readonly number[]): number => (list.length === 0 ? 0 : list.reduce((sum, at) => sum + at, 0) / list.length)

/** How many steps it is at most from a node down to one that reads nothing. Nodes in rings are as low as can be. */
function ranksOf(keys: readonly RecordKey[], edges: readonly (readonly [RecordKey, RecordKey])[]): Map<RecordKey, number> {
  const readers = new Map<RecordKey, RecordKey[]>()
  const open = new Map<RecordKey, number>(keys.map((key) => [key, 0]))
  for (const [from, to] of edges) {
    listOf(readers, to).push(from)
    open.set(from, (open.get(from) ?? 0) + 1)
  }
  const ranks = new Map<RecordKey, number>(keys.map((key) => [key, 0]))
  const queue = keys.filter((key) => open.get(key) === 0)
  for (const key of queue) {
    for (const reader of readers.get(key) ?? []) {
      ranks.set(reader, Math.max(ranks.get(reader) ?? 0, (ranks.get(key) ?? 0) + 1))
      const left = (open.get(reader) ?? 0) - 1
      open.set(reader, left)
      if (left === 0) queue.push(reader)
    }
  }
  return ranks
}
