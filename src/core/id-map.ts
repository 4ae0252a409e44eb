/**
 * A persistent map from whole numbers to records: a trie of 32 branches a level. A map made from another shares all nodes with it
 * but those on the way to what is different, so that `differences` need not look at what is the same.
 *
 * Own code, because a library's map hides its nodes, and takes several times the memory where keys are small numbers. Numbers from 0 to
 * 2^32 - 1; an entry is never `undefined`.
 */

/** `edit`: the draft that made it, and may therefore change it. */
class Node<T> {
  readonly edit: object
  readonly items: (Node<T> | T | undefined)[]

  constructor(edit: object, items: readonly (Node<T> | T | undefined)[]) {
    this.edit = edit
    this.items = items.slice()
  }
}

const BITS = 5
const WIDTH = 1 << BITS
const noItems: readonly undefined[] = Array.from({ length: WIDTH }, () => undefined)

/** Which branch of a node at that height leads to the number. */
const branchOf = (id: number, shift: number): number => (id >>> shift) & (WIDTH - 1)

/** Whether a trie of that height has a place for the number. */
const reaches = (shift: number, id: number): boolean => shift + BITS >= 32 || id >>> (shift + BITS) === 0

export class IdMap<T extends object> {
  private readonly root: Node<T> | null
  /** How far a number is shifted at the root: 0 where the root holds the entries. */
  private readonly shift: number
  readonly size: number

  constructor(root: Node<T> | null = null, shift: number = 0, size: number = 0) {
    this.root = root
    this.shift = shift
    this.size = size
  }

  get(id: number): T | undefined {
    if (!reaches(this.shift, id)) return undefined
    let node = this.root
    for (let { shift } = this; node !== null; shift -= BITS) {
      const item = node.items[branchOf(id, shift)]
      if (shift === 0) return item as T | undefined
      node = (item as Node<T> | undefined) ?? null
    }
    return undefined
  }

  /** The map after some entries were set or, where the entry is undefined, removed. */
  with(changes: Iterable<readonly [id: number, entry: T | undefined]>): IdMap<T> {
    let { root, shift, size } = this
    const edit = {}
    const put = (node: Node<T> | null, at: number, id: number, entry: T | undefined): Node<T> | null => {
      const own = node === null ? new Node<T>(edit, noItems) : node.edit === edit ? node : new Node(edit, node.items)
      const branch = branchOf(id, at)
      const before = own.items[branch]
      const after = at === 0 ? entry : (put((before as Node<T> | undefined) ?? null, at - BITS, id, entry) ?? undefined)
      own.items[branch] = after
      if (at === 0) size += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
      return after === undefined && own.items.every((item) => item === undefined) ? null : own
    }
    for (const [id, entry] of changes) {
      if (entry === undefined && !reaches(shift, id)) continue
      for (; !reaches(shift, id); shift += BITS) {
        if (root === null) continue
        const above: Node<T> = new Node<T>(edit, noItems)
        above.items[0] = root
        root = above
      }
      root = put(root, shift, id, entry)
    }
    return new IdMap(root, root === null ? 0 : shift, size)
  }

  /** The entries, by rising number. */
  *values(): Generator<T> {
    if (this.root !== null) yield* entriesIn(this.root, this.shift)
  }

  /** The same, in lists of up to 32 with gaps: so that a walk costs next to nothing for each entry. */
  *lists(): Generator<readonly (T | undefined)[]> {
    if (this.root !== null) yield* listsIn(this.root, this.shift)
  }

  /** The entries of two maps that are not the same object, by rising number. Costs what is different. */
  static *differences<T extends object>(a: IdMap<T>, b: IdMap<T>): Generator<readonly [a: T | undefined, b: T | undefined]> {
    const shift = Math.max(a.shift, b.shift)
    yield* differencesIn(a.lifted(shift), b.lifted(shift), shift)
  }

  /** The root of the same map, were it that high. */
  private lifted(to: number): Node<T> | undefined {
    let root = this.root ?? undefined
    for (let { shift } = this; shift < to && root !== undefined; shift += BITS) {
      const above = new Node<T>(root.edit, noItems)
      above.items[0] = root
      root = above
    }
    return root
  }
}

function* entriesIn<T extends object>(node: Node<T>, shift: number): Generator<T> {
  for (const item of node.items) {
    if (item === undefined) continue
    if (shift === 0) yield item as T
    else yield* entriesIn(item as Node<T>, shift - BITS)
  }
}

function* listsIn<T extends object>({ items }: Node<T>, shift: number): Generator<readonly (T | undefined)[]> {
  if (shift === 0) yield items as (T | undefined)[]
  else for (const item of items) if (item !== undefined) yield* listsIn(item as Node<T>, shift - BITS)
}

function* differencesIn<T extends object>(a: Node<T> | undefined, b: Node<T> | undefined, shift: number): Generator<readonly [T | undefined, T | undefined]> {
  if (a === b) return
  for (let branch = 0; branch < WIDTH; branch++) {
    const before = a?.items[branch]
    const after = b?.items[branch]
    if (before === after) continue
    if (shift === 0) yield [before as T | undefined, after as T | undefined]
    else yield* differencesIn(before as Node<T> | undefined, after as Node<T> | undefined, shift - BITS)
  }
}
