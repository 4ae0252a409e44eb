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

/** How far the way down could be followed. `isWhole: false`: the last record changed, and why is not known any more. */
export interface Way {
  readonly chain: readonly Change[]
  readonly isWhole: boolean
}

/**
 * Why a query last ran: the first thing it read, in the order read, that had changed since what it held before was proved, and so on
 * down to an input. Nothing is on the way that was not there then. Empty and whole: nothing had changed.
 */
export function whyRan(look: Looked, query: DebugRecord): Way {
  return followed(look, query, firstChanged(look, query))
}

/** Why a query came to show what it shows, in the same way: known where its last run made that. */
export function whyChanged(look: Looked, query: DebugRecord): Way {
  return followed(look, query, firstMade(look, query))
}

function followed(look: Looked, query: DebugRecord, first: DebugRecord | 'lost' | null): Way {
  const chain: Change[] = []
  const seen = new Set<object>([query.handle])
  let next = first
  while (next !== null && next !== 'lost' && !seen.has(next.handle)) {
    seen.add(next.handle)
    chain.push({ record: next })
    next = isQuery(next) ? firstMade(look, next) : null
  }
  return { chain, isWhole: next !== 'lost' }
}

/** The same for what a query shows. A run that was not the one which made it says nothing about that. */
function firstMade(look: Looked, query: DebugRecord): DebugRecord | 'lost' | null {
  const { lastRun, changedAt } = query
  if (lastRun === null || lastRun.since < 0 || lastRun.since >= changedAt) return 'lost'
  const first = firstChanged(look, query)
  return first !== null && first !== 'lost' && first.changedAt > changedAt ? 'lost' : first
}

/** The first thing a query read that had changed since; null: there is none. `lost`: what was read before it has changed again. */
function firstChanged(look: Looked, { deps, lastRun, state }: DebugRecord): DebugRecord | 'lost' | null {
  if (lastRun === null || lastRun.since < 0 || state === 'running') return 'lost'
  for (const { handle, seen } of deps) {
    const dep = look.get(handle)
    if (dep === null || (seen !== null && dep.stamp !== seen)) return 'lost'
    if (dep.changedAt > lastRun.since) return dep
  }
  return null
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
    if (read.seen !== null && dep.stamp !== read.seen) {
      const above = way.slice(1).map(({ record }) => ({ record }))
      return [...above, { record: dep }, ...(isQuery(dep) ? whyChanged(look, dep).chain : [])]
    }
    if (!isQuery(dep) || !isStale(dep)) continue
    seen.add(dep.handle)
    way.push({ record: dep, next: 0 })
  }
  return []
}

/**
 * The newest input below a valid query that changed after what the query shows was made, without reaching it, and the query at which
 * that ended; null: there is none. What holds nothing has no stamp that would tell when it changed.
 */
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
      else if (dep.changedAt > Math.max(direct, found?.changedAt ?? 0) && dep.stamp > query.stamp) found = dep
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
