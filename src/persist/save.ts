/** Saving a view to a cache file. */
import { emitEvent } from '../core/journal.js'
import { familyOf, StateReader } from '../core/saved-state.js'
import { aView, check } from '../core/check.js'
import type { View } from '../index.js'
import { checkOptions } from './check-options.js'
import { type ClassCodec, Codecs, Encoder } from './codec.js'
import { none, type RetainedSection } from './entry.js'
import { CacheError } from './errors.js'
import { fit } from './fit.js'
import { gather } from './gather.js'
import type { SectionType } from './layout.js'
import { type FilePlace, openFile } from './ports/open.js'
import { StorageError } from './ports/errors.js'
import type { Port } from './ports/port.js'
import type { Records } from './records.js'
import { retain, retainedOf } from './retained.js'
import { Slices } from './slices.js'

export interface SaveOptions {
  /** How many bytes the file may have. Results of queries are left out to stay below, those proved longest ago first, and before them those of definitions the database does not know; inputs and interned values never. Default: no limit. */
  readonly maxBytes?: number
  /** Leaves out the sections of definitions this database does not know, which a file loaded before had. Default: they are kept. */
  readonly prune?: boolean
  /** A result that cannot be saved exactly: makes the save fail, or is left out. Default: `'error'`. */
  readonly onUnsupported?: 'error' | 'omit'
  /** How instances of classes are saved. */
  readonly codecs?: readonly ClassCodec[]
}

export interface SaveReport {
  /** The revision that was saved. */
  readonly revision: number
  /** The size of the file. */
  readonly bytes: number
  readonly sections: readonly { readonly name: string; readonly type: SectionType; readonly version: number | string; readonly count: number; readonly bytes: number }[]
  /** How many inputs hold a value, and how many results and interned values were saved. */
  readonly inputs: number
  readonly queries: number
  readonly interned: number
  /** How many results were left out to stay below `maxBytes`, and those that depend on them. */
  readonly dropped: number
  /** Results whose values cannot be saved, left out by `onUnsupported: 'omit'`. */
  readonly omitted: readonly { readonly key: string; readonly reason: string }[]
  /** Names of sections kept for definitions this database does not know. */
  readonly retained: readonly string[]
}

/** What saves need that callers do not see. */
export interface WriteOptions extends SaveOptions {
  /** Any value that can be saved; a load gives it back. */
  readonly meta?: unknown
}

/**
 * Saves the inputs of a view and the results of its queries to one file, as of the revision at the call. Writes go on meanwhile;
 * the event loop is never held for long. The file is replaced as a whole, or not at all. Saves of one database take turns.
 *
 * Failures, volatile results, results on a cycle or above a source, and queries with `persist: false` are not saved. Linear in what the view holds.
 *
 * @throws `UnsupportedValueError` for a value that cannot be saved exactly; `CacheError` `too-large` where the inputs alone take
 * more than `maxBytes`, `storage` where the file cannot be written: a full disk, a folder that cannot be made. The old file stands then.
 * `InvalidDefinitionError` for a view, a place or options that are none.
 */
export async function saveCache(view: View, place: FilePlace, options: SaveOptions = {}): Promise<SaveReport> {
  check('What saveCache saves', view, aView)
  checkOptions(options)
  const reader = new StateReader(view)
  const retained = retainedOf(familyOf(view))
  try {
    return await inTurn(familyOf(view), async () => {
      const { port, name } = await opened(place)
      try {
        return await writeState(view, { reader, retained }, port, name, options)
      } finally {
        if (typeof place === 'string') await port.close()
      }
    })
  } finally {
    reader.close()
  }
}

/** The same to a port that is open, with something to remember. */
export async function writeCache(view: View, port: Port, name: string, options: WriteOptions = {}): Promise<SaveReport> {
  const reader = new StateReader(view)
  const retained = retainedOf(familyOf(view))
  try {
    return await inTurn(familyOf(view), () => writeState(view, { reader, retained }, port, name, options))
  } finally {
    reader.close()
  }
}

async function opened(place: FilePlace): Promise<{ readonly port: Port; readonly name: string }> {
  try {
    return await openFile(place)
  } catch (cause) {
    throw cause instanceof StorageError ? new CacheError('storage', cause.message, { cause }) : cause
  }
}

/** The end of the last save of each database. */
const turns = new WeakMap<object, Promise<unknown>>()

function inTurn<T>(family: object, run: () => Promise<T>): Promise<T> {
  const before = turns.get(family)
  const turn = before === undefined ? run() : before.then(run, run)
  turns.set(family, turn)
  // Whoever waits sees the failure; the next save does not.
  turn.catch(() => {})
  return turn
}

/** What there was at the call: a load may come before the save has its turn. */
interface Moment {
  readonly reader: StateReader
  readonly retained: readonly RetainedSection[]
}

async function writeState(view: View, { reader, retained: all }: Moment, port: Port, name: string, options: WriteOptions): Promise<SaveReport> {
  const { prune = false, onUnsupported = 'error', codecs = [] } = options
  const slices = new Slices()
  const encoder = new Encoder(new Codecs(codecs))
  const family = familyOf(view)
  const retained = prune ? none : all
  const gathered = await gather(reader, { encoder, slices, omitUnsupported: onUnsupported === 'omit', hasRetained: retained.length > 0 })
  const { assembled, dropped } = await fit(reader, gathered, { encoder, slices, meta: options.meta, retained }, options.maxBytes ?? Infinity)
  try {
    await port.write(name, assembled.chunks)
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause
    throw new CacheError('storage', `${cause.message} The old file, if there was one, is untouched.`, { cause })
  }
  if (prune && retainedOf(family) === all) retain(family, none)
  const { bytes, sections, kept } = assembled
  emitEvent(view, 'storage', { type: 'cacheSaved', upTo: reader.revision, bytes })
  const { inputs, memos, interned, omitted } = gathered
  const count = (lists: Iterable<Records>): number => Array.from(lists).reduce((sum, { forms }) => sum + forms.length, 0)
  return { revision: reader.revision, bytes, sections, retained: Array.from(kept.keys(), ({ head }) => head.name), dropped, inputs: count(inputs.values()), queries: memos.cells.length - memos.gone.size, interned: count(interned.values()), omitted }
}
