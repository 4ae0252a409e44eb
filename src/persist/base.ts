/** The base file of a database that is kept in a folder: a cache file that says of which database it is, and which commits it holds. */
import type { Database, View } from '../index.js'
import type { ClassCodec } from './codec.js'
import { COUNT_LIMIT, isCount } from './layout.js'
import { readCache, type LoadReport } from './load.js'
import { LogError } from './log-errors.js'
import type { Lineage } from './log-frame.js'
import type { Port } from './ports/port.js'
import { writeCache } from './save.js'

export const baseName = 'base.pebre'

/** What a base file says of itself. */
export interface BaseMeta {
  readonly lineage: Lineage
  /** The number of the last commit it holds. */
  readonly sequence: number
}

export interface LoadedBase {
  readonly report: LoadReport
  /** null: there is no base file. */
  readonly meta: BaseMeta | null
}

/** @throws CacheError where it cannot be loaded, LogError where it is no base file */
export async function loadBase(database: Database, port: Port, options: { readonly codecs: readonly ClassCodec[]; readonly onMismatch: 'error' | 'drop' }): Promise<LoadedBase> {
  const { report, meta } = await readCache(database, port, baseName, options)
  if (!report.loaded) return { report, meta: null }
  const found = metaOf(meta)
  if (found === null) throw new LogError('lineage', `"${baseName}" is a cache file, and was not written as the base of a folder. Load it with loadCache, or take it away.`, { file: baseName })
  return { report, meta: found }
}

/** What a base file says of itself; null: it is none. */
export function metaOf(meta: unknown): BaseMeta | null {
  const { lineage, sequence } = (typeof meta === 'object' && meta !== null ? meta : {}) as Partial<BaseMeta>
  const isBase = typeof lineage === 'string' && /^[0-9a-f]{32}$/.test(lineage) && isCount(sequence) && sequence < COUNT_LIMIT
  return isBase ? { lineage, sequence } : null
}

/** Saves a view as the base file; gives its size. Results that cannot be saved are left out: they can be computed again. */
export async function saveBase(view: View, port: Port, meta: BaseMeta, codecs: readonly ClassCodec[]): Promise<number> {
  return (await writeCache(view, port, baseName, { meta, codecs, onUnsupported: 'omit' })).bytes
}
