/**
 * A floor: the least that a memo of asynchronous functions needs to be right, written by hand. A revision that counts writes,
 * a stamp for each value, and for each memo the stamps it saw. No keys, no cancellation, no failures, no bindings, no cycles.
 */
export interface Source<V> {
  readonly body: null
  value: V
  stamp: number
}

export interface Memo<V> {
  readonly body: (get: Get) => Promise<V>
  value: V | undefined
  stamp: number
  /** The revision at which the value was last proved. */
  verifiedAt: number
  promise: Promise<V> | null
  /** The revision at which it was last found stale. */
  staleAt: number
  /** A proof or run on its way. */
  pending: Promise<V> | null
  read: (Source<unknown> | Memo<unknown>)[]
  seen: number[]
}

export interface Get {
  <V>(memo: Memo<V>): Promise<V>
  <V>(source: Source<V>): V
}

export class Stamps {
  private revision = 0
  private stamps = 0

  source<V>(value: V): Source<V> {
    return { body: null, value, stamp: ++this.revision }
  }

  memo<V>(body: (get: Get) => Promise<V>): Memo<V> {
    return { body, value: undefined, stamp: 0, verifiedAt: -1, staleAt: -1, promise: null, pending: null, read: [], seen: [] }
  }

  set<V>(source: Source<V>, value: V): void {
    if (Object.is(source.value, value)) return
    source.value = value
    source.stamp = ++this.revision
  }

  get<V>(memo: Memo<V>): Promise<V> {
    if (memo.verifiedAt === this.revision) return memo.promise as Promise<V>
    if (memo.pending !== null) return memo.pending
    if (this.holds(memo)) return memo.promise as Promise<V>
    memo.pending = this.refresh(memo)
    return memo.pending
  }

  /** Whether all that was read can be seen to be as it was, without a run. */
  private holds(memo: Memo<unknown>): boolean {
    if (memo.verifiedAt === this.revision) return true
    if (memo.staleAt === this.revision || memo.promise === null || memo.pending !== null) return false
    for (let i = 0; i < memo.read.length; i++) {
      const dep = memo.read[i] as Source<unknown> | Memo<unknown>
      if ((dep.body === null || this.holds(dep)) && dep.stamp === memo.seen[i]) continue
      memo.staleAt = this.revision
      return false
    }
    memo.verifiedAt = this.revision
    return true
  }

  private async refresh<V>(memo: Memo<V>): Promise<V> {
    if (memo.promise !== null) {
      let i = 0
      for (; i < memo.read.length; i++) {
        const dep = memo.read[i] as Source<unknown> | Memo<unknown>
        if (dep.body !== null && dep.verifiedAt !== this.revision) await this.get(dep)
        if (dep.stamp !== memo.seen[i]) break
      }
      if (i === memo.read.length) {
        memo.pending = null
        memo.verifiedAt = this.revision
        return memo.value as V
      }
    }
    return this.run(memo)
  }

  private async run<V>(memo: Memo<V>): Promise<V> {
    const { revision } = this
    const read: (Source<unknown> | Memo<unknown>)[] = []
    const seen: number[] = []
    const value = await memo.body(((node: Source<unknown> | Memo<unknown>): unknown => this.track(node, read, seen)) as Get)
    if (memo.promise === null || !Object.is(value, memo.value)) {
      memo.value = value
      memo.stamp = ++this.stamps
      memo.promise = memo.pending
    }
    memo.read = read
    memo.seen = seen
    memo.pending = null
    memo.verifiedAt = revision
    return value
  }

  private track(node: Source<unknown> | Memo<unknown>, read: (Source<unknown> | Memo<unknown>)[], seen: number[]): unknown {
    const at = read.push(node) - 1
    seen.push(node.stamp)
    if (node.body === null) return node.value
    const promise = this.get(node)
    if (node.pending === null) {
      seen[at] = node.stamp
      return promise
    }
    return promise.then((value) => {
      seen[at] = node.stamp
      return value
    })
  }
}
