/** What the memos of a view are good for. */
import { debugView, type DefinitionStats, type View } from '../index.js'
import { formatBytes, formatTable, oneLine } from './table.js'

/** Counts of all queries together; `runs` is `changes + cutoffs + failures + cancellations + running`. */
export type StatsTotal = Omit<DefinitionStats, 'definition' | 'kind'>

/**
 * The counts of `db.stats()`, added up. Runs and how they ended are always counted; hits, joins, validations and time while somebody
 * counts, which costs a few nanoseconds a read: `CacheStats.count`.
 *
 * ```ts
 * const counting = CacheStats.count(db)
 * console.log(CacheStats.collect(db).format())
 * counting[Symbol.dispose]()
 * ```
 */
export class CacheStats {
  readonly definitions: readonly DefinitionStats[]
  readonly inputs: { readonly cells: number; readonly bytes: number }
  readonly queries: StatsTotal

  private constructor(definitions: readonly DefinitionStats[]) {
    this.definitions = definitions
    const inputs = definitions.filter(({ kind }) => kind === 'input')
    this.inputs = { cells: sum(inputs, 'cells'), bytes: sum(inputs, 'bytes') }
    const queries = definitions.filter(({ kind }) => kind !== 'input')
    this.queries = {
      cells: sum(queries, 'cells'), memos: sum(queries, 'memos'), edges: sum(queries, 'edges'), runs: sum(queries, 'runs'), changes: sum(queries, 'changes'), cutoffs: sum(queries, 'cutoffs'),
      failures: sum(queries, 'failures'), cancellations: sum(queries, 'cancellations'), running: sum(queries, 'running'), hits: sum(queries, 'hits'), joins: sum(queries, 'joins'),
      validations: sum(queries, 'validations'), evictions: sum(queries, 'evictions'), time: sum(queries, 'time'), bytes: sum(queries, 'bytes'),
    }
  }

  /** The counts as they are now. Changes nothing; takes time in proportion to what the view holds. */
  static collect(view: View): CacheStats {
    return new CacheStats(debugView(view).stats())
  }

  /** Counts hits, joins, validations and time from now on, in all views of the database, until it is disposed. */
  static count(view: View): Disposable {
    return { [Symbol.dispose]: debugView(view).count() }
  }

  /** How many of the reads of queries were answered without a run, from 0 to 1; null where none was counted. */
  get hitRate(): number | null {
    return rate(this.queries)
  }

  /** A table for people. */
  format(): string {
    const { definitions, inputs, queries } = this
    const rows = definitions.filter(({ kind }) => kind !== 'input').toSorted((a, b) => b.runs - a.runs)
    const row = (name: string, at: StatsTotal): (string | number)[] => [
      oneLine(name), at.cells, at.memos, at.edges, at.runs, at.cutoffs, at.failures, at.cancellations, at.evictions, at.hits, at.joins, at.validations, percent(rate(at)), at.time, formatBytes(at.bytes),
    ]
    const table = formatTable(
      ['definition', 'cells', 'memos', 'edges', 'runs', 'cutoffs', 'failures', 'cancelled', 'evicted', 'hits', 'joins', 'validated', 'hit rate', 'ms', 'size'],
      [...rows.map((at) => row(at.definition, at)), row('all', queries)],
    )
    return `${inputs.cells} inputs, ${formatBytes(inputs.bytes)}\n${table}\n`
  }
}

type Count = Exclude<keyof DefinitionStats, 'definition' | 'kind'>

const sum = (list: readonly DefinitionStats[], count: Count): number => list.reduce((total, at) => total + at[count], 0)

function rate({ hits, joins, validations, runs }: StatsTotal): number | null {
  const reads = hits + joins + validations
  return reads === 0 ? null : reads / (reads + runs)
}

const percent = (part: number | null): string => (part === null ? '' : `${(part * 100).toFixed(0)} %`)
