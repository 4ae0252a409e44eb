/**
 * Records by one primitive. Keys that are whole numbers and come about in their order, as ids and indices do, take a place in a list, which is smaller
 * and faster than a map. Keys are equal as in a `Map`: `NaN` is one key, and so are 0 and −0.
 */

/** So many places may be left out when a key takes one. */
const GAP = 16
/** Where fewer places are used than one in so many, the list is given up. */
const SPARSE = 4

export class NodeMap<V> {
  /** By the key itself. */
  private list: (V | undefined)[] = []
  private others: Map<unknown, V> | null = null
  /** How many places are used; -1: the list was given up. */
  private used = 0

  get size(): number {
    return Math.max(0, this.used) + (this.others === null ? 0 : this.others.size)
  }

  get(key: unknown): V | undefined {
    if (typeof key === 'number' && key >= 0 && key < this.list.length && (key | 0) === key) {
      const found = this.list[key]
      if (found !== undefined) return found
    }
    return this.others === null ? undefined : this.others.get(key)
  }

  set(key: unknown, value: V): void {
    const { list } = this
    if (this.used >= 0 && typeof key === 'number' && key >= 0 && key < list.length + GAP && (key | 0) === key && this.others?.has(key) !== true) {
      while (list.length <= key) list.push(undefined)
      if (list[key] === undefined) this.used++
      list[key] = value
    } else (this.others ??= new Map()).set(key, value)
  }

  delete(key: unknown): void {
    const { list } = this
    if (typeof key !== 'number' || list[key] === undefined) {
      this.others?.delete(key)
      return
    }
    list[key] = undefined
    this.used--
    if (list.length > GAP * SPARSE && this.used * SPARSE < list.length) this.giveUpList()
  }

  private giveUpList(): void {
    const others = (this.others ??= new Map<unknown, V>())
    for (const [key, value] of this.list.entries()) if (value !== undefined) others.set(key, value)
    this.list = []
    this.used = -1
  }

  /** Those there are now; what is added meanwhile does not come, what is deleted neither. */
  entries(): Generator<readonly [unknown, V]> {
    return this.walk((key, value) => [key, value] as const)
  }

  values(): Generator<V> {
    return this.walk((_key, value) => value)
  }

  private *walk<T>(pick: (key: unknown, value: V) => T): Generator<T> {
    const { list, others } = this
    let rest = others === null ? 0 : others.size
    const { length } = list
    for (let key = 0; key < length; key++) {
      const value = list[key]
      if (value !== undefined && (list === this.list || this.get(key) === value)) yield pick(key, value)
    }
    if (others === null || rest === 0) return
    for (const [key, value] of others) {
      yield pick(key, value)
      if (--rest === 0) return
    }
  }
}
