/**
 * What differs between two Immutable maps, in time proportional to the difference where they share structure.
 *
 * The maps are tries: two that stem from each other share all the nodes in which they do not differ. Immutable gives no public way to walk
 * two tries at once, so this looks at the fields of its nodes, and takes a node it does not know for one that differs as a whole.
 */
import type { Map as ImmutableMap } from 'immutable'

/** What differs between two maps, in no particular order. */
export interface MapDifference<K, V> {
  readonly added: readonly { readonly key: K; readonly value: V }[]
  /** With the values they had. */
  readonly removed: readonly { readonly key: K; readonly value: V }[]
  readonly changed: readonly { readonly key: K; readonly before: V; readonly after: V }[]
}

type Entry<K, V> = readonly [K, V]

/** Nodes of Immutable: a branch of up to 32 children, dense or with a bitmap; a leaf of one entry; a leaf of several. */
interface TrieNode<K, V> {
  readonly bitmap?: number
  readonly nodes?: readonly (TrieNode<K, V> | undefined)[]
  readonly entry?: Entry<K, V>
  readonly entries?: readonly Entry<K, V>[]
}

type Node<K, V> = TrieNode<K, V> | undefined

/** Values are compared by `Object.is`. */
export function mapDifference<K, V>(before: ImmutableMap<K, V>, after: ImmutableMap<K, V>): MapDifference<K, V> {
  const added: { key: K; value: V }[] = []
  const removed: { key: K; value: V }[] = []
  const changed: { key: K; before: V; after: V }[] = []
  const left = (key: K, value: V): void => {
    if (!after.has(key)) removed.push({ key, value })
  }
  const right = (key: K, value: V): void => {
    if (!before.has(key)) added.push({ key, value })
    else if (!Object.is(before.get(key), value)) changed.push({ key, before: before.get(key) as V, after: value })
  }
  const compare = (a: Node<K, V>, b: Node<K, V>): void => {
    if (a === b) return
    if (a?.nodes === undefined || b?.nodes === undefined) {
      eachEntry(a, left)
      eachEntry(b, right)
      return
    }
    for (let at = 0; at < 32; at++) compare(childAt(a, at), childAt(b, at))
  }
  if (before !== after) {
    const roots = [rootOf(before), rootOf(after)] as const
    if (isKnown(roots[0]) && isKnown(roots[1])) compare(roots[0], roots[1])
    else {
      before.forEach((value, key) => left(key, value))
      after.forEach((value, key) => right(key, value))
    }
  }
  return { added, removed, changed }
}

function rootOf<K, V>(map: ImmutableMap<K, V>): Node<K, V> | null {
  if (map.size === 0) return undefined
  return (map as unknown as { readonly _root?: TrieNode<K, V> })._root ?? null
}

/** Empty, or a node of one of the forms above. */
function isKnown<K, V>(node: Node<K, V> | null): node is Node<K, V> {
  return node === undefined || (node !== null && (Array.isArray(node.nodes) || Array.isArray(node.entry) || Array.isArray(node.entries)))
}

function childAt<K, V>({ bitmap, nodes = [] }: TrieNode<K, V>, at: number): Node<K, V> {
  if (bitmap === undefined) return nodes[at]
  const bit = 1 << at
  return (bitmap & bit) === 0 ? undefined : nodes[ones(bitmap & (bit - 1))]
}

/** How many bits are set. */
function ones(bits: number): number {
  let left = bits
  let count = 0
  for (; left !== 0; left &= left - 1) count++
  return count
}

function eachEntry<K, V>(node: Node<K, V>, visit: (key: K, value: V) => void): void {
  if (node === undefined) return
  if (node.entry !== undefined) visit(...node.entry)
  for (const entry of node.entries ?? []) visit(...entry)
  for (const child of node.nodes ?? []) eachEntry(child, visit)
}
