/** The base file of a database that is kept in a folder: a cache file that says which commits it holds. */
import type { Database, Snapshot } from '../index.js'
import type { Codecs } from './codec.js'
import type { Lineage } from './log-frame.js'
import type { Port } from './ports/port.js'

export const baseName = 'base.pebre'

/** What a base file says of itself. */
export interface BaseMeta {
  readonly lineage: Lineage
  /** The number of the last commit it holds. */
  readonly sequence: number
}

export interface BaseReport {
  readonly loaded: boolean
}

export interface LoadedBase {
  readonly base: BaseReport
  readonly meta: BaseMeta | null
  readonly bytes: number | null
}

export async function loadBase(_database: Database, _port: Port, _options: { readonly codecs: Codecs; readonly dropMismatch: boolean }): Promise<LoadedBase> {
  return { base: { loaded: false }, meta: null, bytes: null }
}

export async function saveBase(_snapshot: Snapshot, _port: Port, _meta: BaseMeta, _codecs: Codecs): Promise<number> {
  throw new Error('not yet')
}
