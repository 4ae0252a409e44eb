/** Looking for what changed, downwards from a query. No recursion: queries may be as deep as they like. */
import type { DebugRecord, debugView } from '../index.js'

export type Looked = ReturnType<ReturnType<typeof debugView>['look']>

/** A record on the way, below the query. */
export interface Change {
  readonly record: DebugRecord
}

/** So many records are looked at. */
const LIMIT = 100_000

const isQuery = ({ kind }: DebugRecord): boolean => kind === 'derived' || kind === 'live'

const isStale = ({ state }: DebugRecord): boolean => state === 'dirty' || state === 'maybe'

/**
 * Why a query last ran: the first thing it read, in the order read, that had changed since it was proved before, and so on down to an input.
 * `lost`: that has changed again since. Empty: nothing had changed.
 */
export function changeAbove(look: Looked, query: DebugRecord): readonly Change[] | 'lost' {
  const chain: Change[] = []
  const seen = new Set<object>()
  for (let at = query; ;) {
    const since = Math.max(at.provedBefore ?? 0, 0)
    let newest: DebugRecord | null = null
    let first: DebugRecord | null = null
    for (const { handle, seen: stamp } of at.deps) {
      const dep = look.get(handle)
      if (dep === null) continue
      const hasMoved = stamp !== null && dep.stamp !== stamp
      if (at === query && hasMoved && first === null) return 'lost'
      if (dep.changedAt > since) first ??= dep
      if (newest === null || dep.changedAt > newest.changedAt) newest = dep
    }
    const next: DebugRecord | null = first ?? (at === query ? null : newest)
    if (next === null || seen.has(next.handle)) return chain
    seen.add(next.handle)
    chain.push({ record: next })
    if (!isQuery(next)) return chain
    at = next
  }
}

/** The way down to the first input, in the order read, that shows something else than was seen. Empty: there is none. */
export function staleBelow(look: Looked, query: DebugRecord): readonly Change[] {
  const way: { readonly record: DebugRecord; next: number }[] = [{ record: query, next: 0 }]
  const seen = new Set<object>([query.handle])
  for (let at = way.at(-1); at !== undefined && seen.size < LIMIT; at = way.at(-1)) {
    const read = at.record.deps[at.next++]
    if (read === undefined) {
      const invalidation = look.invalidation(at.record.handle)
      if (invalidation !== null && invalidation.changedAt > at.record.verifiedAt) return [...way.slice(1).map(({ record }) => ({ record })), { record: invalidation }]
      way.pop()
      continue
    }
    const dep = look.get(read.handle)
    if (dep === null || seen.has(dep.handle)) continue
    if (dep.stamp !== read.seen) {
      const above = way.slice(1).map(({ record }) => ({ record }))
      const below = isQuery(dep) && !isStale(dep) ? changeAbove(look, dep) : []
      return [...above, { record: dep }, ...(below === 'lost' ? [] : below)]
    }
    if (!isQuery(dep) || !isStale(dep)) continue
    seen.add(dep.handle)
    way.push({ record: dep, next: 0 })
  }
  return []
}

/** The newest input below a valid query that changed without reaching it, and the query at which that ended; null: there is none. */
export function stoppedBelow(look: Looked, query: DebugRecord): { readonly by: DebugRecord; readonly chain: readonly Change[] } | null {
  const cameFrom = new Map<object, DebugRecord | null>([[query.handle, null]])
  const queue = [query]
  const direct = query.deps.reduce((newest, { handle }) => Math.max(newest, look.get(handle)?.changedAt ?? 0), 0)
  let found: DebugRecord | null = null
  for (const at of queue) {
    if (queue.length > LIMIT) break
    for (const { handle } of at.deps) {
      if (cameFrom.has(handle)) continue
      const dep = look.get(handle)
      if (dep === null) continue
      cameFrom.set(handle, at)
      if (isQuery(dep)) queue.push(dep)
      else if (dep.changedAt > Math.max(direct, found?.changedAt ?? 0)) found = dep
    }
  }
  if (found === null) return null
  const chain: Change[] = []
  let by: DebugRecord | null = null
  for (let at: DebugRecord | null | undefined = found; at != null && at !== query; at = cameFrom.get(at.handle)) {
    chain.unshift({ record: at })
    if (by === null && at !== found && at.changedAt < found.changedAt) by = at
  }
  return by === null ? null : { by, chain }
}
