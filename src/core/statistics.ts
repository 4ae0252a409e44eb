/** What a database holds and has done, by definition. */
import { ENDED, type Family } from './branch.js'
import type { Looker } from './look.js'
import { estimateBytes } from './size.js'
import type { Tally } from './tally.js'

/**
 * Counts of one definition. For queries, `runs` is `changes + cutoffs + failures + cancellations + running`. What happened is counted for
 * all views of the database together, what there is for the view that was asked.
 */
export interface DefinitionStats {
  readonly definition: string
  /** `unnamed`: the functions given to `read`, `live` and `effect`, together. */
  readonly kind: 'input' | 'derived' | 'source' | 'unnamed'
  /** Records: inputs or queries. */
  readonly cells: number
  /** Queries that hold an outcome, inputs that hold a value. */
  readonly memos: number
  /** Reads that are recorded, one for each record and reader. */
  readonly edges: number
  /** Runs of bodies, and how they ended: with another outcome, an equal value, a failure, or not at all. */
  readonly runs: number
  readonly changes: number
  readonly cutoffs: number
  readonly failures: number
  readonly cancellations: number
  /** Runs that have not ended. */
  readonly running: number
  /** Reads without a run: of what was valid, of what was on its way, and of what was proved by comparing. Only while somebody counts. */
  readonly hits: number
  readonly joins: number
  readonly validations: number
  readonly evictions: number
  /** Milliseconds from start to end of runs, waiting included. Only while somebody counts. */
  readonly time: number
  /** What the values take, as estimated; parts that several share are counted with the first. */
  readonly bytes: number
}

type Counts = { -readonly [K in keyof DefinitionStats]: DefinitionStats[K] }

/** Definitions of which there is a record, or was a run, in the order of their first use. */
export function definitionStats(looker: Looker): DefinitionStats[] {
  const { head, names, unnamed } = looker.branch.family
  const running = runningByTally(looker)
  const open = (definition: string, kind: Counts['kind'], tally: Tally): Counts => {
    const { ended, changes, cutoffs, failures, cancellations, hits, joins, validations, evictions, time } = tally
    const begun = running.get(tally) ?? 0
    return { definition, kind, cells: 0, memos: 0, edges: 0, runs: ended + begun, changes, cutoffs, failures, cancellations, running: begun, hits, joins, validations, evictions, time, bytes: 0 }
  }
  const others = open('read, live, effect', 'unnamed', unnamed)
  const counts = new Map<string, Counts>()
  // The head has a record for every key that was ever used; a snapshot has what it shows.
  const isHead = looker.branch === head
  for (const { definition, tally, only, byPrimitive, byText } of head.tables.values()) {
    if (definition.name === '' || names.get(definition.name) !== definition) continue
    const count = open(definition.name, definition.kind, tally)
    if (isHead) count.cells = (only === null ? 0 : 1) + byPrimitive.size + byText.size
    counts.set(definition.name, count)
  }
  const seen = new Set<object>()
  for (const { kind, definition, outcome, deps } of looker.records()) {
    const count = kind === 'live' ? others : counts.get(definition)
    if (count === undefined || (kind !== 'input' && kind !== 'derived' && kind !== 'source' && kind !== 'live')) continue
    if (!isHead || kind === 'live') count.cells++
    count.edges += deps.length
    if (outcome === null) continue
    count.memos++
    count.bytes += estimateBytes('value' in outcome ? outcome.value : outcome.error, seen)
  }
  return [...counts.values(), others].filter(({ cells, runs }) => cells > 0 || runs > 0)
}

function runningByTally({ branch: { family } }: Looker): Map<Tally, number> {
  const running = new Map<Tally, number>()
  const add = ({ tally }: { readonly tally: Tally }): void => void running.set(tally, (running.get(tally) ?? 0) + 1)
  for (const branch of family.busy) for (let { jobs: job } = branch; job !== null; job = job.next) if (job.frame !== null) add(job.cell.table)
  for (let at = family.active; at !== null; at = at.parent) if (at.job === null && at.state !== ENDED) add(at.cell.table)
  return running
}

/** Counts of all queries of a database. */
export type Totals = Pick<DefinitionStats, 'runs' | 'cutoffs' | 'failures' | 'hits' | 'joins' | 'validations'> & { readonly jobs: number }

/** Takes time in proportion to the number of definitions. */
export function totalsOf({ head, unnamed, jobs, runs }: Family): Totals {
  const totals = { runs, cutoffs: 0, failures: 0, hits: 0, joins: 0, validations: 0, jobs }
  for (const tally of [unnamed, ...Array.from(head.tables.values(), (table) => table.tally)]) {
    for (const count of ['cutoffs', 'failures', 'hits', 'joins', 'validations'] as const) totals[count] += tally[count]
  }
  return totals
}
