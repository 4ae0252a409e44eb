/** Leaves results out of a file until it is small enough: those proved longest ago first. */
import { isQuery, type StateReader } from '../core/saved-state.js'
import { type Assembled, Assembler, type AssembleOptions } from './assemble.js'
import type { RetainedRecord } from './entry.js'
import { CacheError } from './errors.js'
import type { Gathered, Memos } from './records.js'

export interface Fitted {
  readonly assembled: Assembled
  /** How many results were left out. */
  readonly dropped: number
}

/** What may be left out: the number of a memo, or a result of a definition that is not known; and when it was last proved. */
interface Candidate {
  readonly result: number | RetainedRecord
  readonly usedAt: number
}

/** What nobody has asked for since it was loaded, as no result of a definition that is not known can be. */
const UNUSED = -1

/** @throws CacheError where what may not be left out is too large by itself */
export async function fit(reader: StateReader, gathered: Gathered, options: Omit<AssembleOptions, 'leftOut'>, maxBytes: number): Promise<Fitted> {
  const { memos } = gathered
  const leftOut = new Set<RetainedRecord>()
  const before = memos.gone.size
  let assembled = await new Assembler(reader, gathered, { ...options, leftOut }).run()
  const all = retainedResults(assembled)
  while (assembled.bytes > maxBytes) {
    const candidates = await candidatesIn(assembled, memos, reader, options)
    if (candidates.length === 0) throw tooLarge(assembled, maxBytes)
    await leaveOut(candidates, assembled.bytes - maxBytes, memos, leftOut, options)
    assembled = await new Assembler(reader, gathered, { ...options, leftOut }).run()
  }
  return { assembled, dropped: memos.gone.size - before + all - retainedResults(assembled) }
}

function retainedResults({ kept }: Assembled): number {
  return Array.from(kept).reduce((sum, [{ head }, entries]) => (head.type === 'derived' ? sum + entries.length : sum), 0)
}

function tooLarge({ bytes, kept }: Assembled, maxBytes: number): CacheError {
  const others = kept.size > 0 ? ' Those of definitions that this database does not know are among them; with prune: true they are left out.' : ''
  return new CacheError('too-large', `Inputs and interned values alone take ${bytes} bytes, and maxBytes is ${maxBytes}.${others} Nothing was saved; the old file, if there was one, is untouched.`)
}

/** In the order in which they are to go: of those proved at one revision, the first ones computed. */
async function candidatesIn({ kept }: Assembled, memos: Memos, reader: StateReader, { slices }: Pick<AssembleOptions, 'slices'>): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  for (const [{ head }, entries] of kept) {
    if (head.type !== 'derived') continue
    for (const { record } of entries) {
      candidates.push({ result: record, usedAt: UNUSED })
      if (slices.due()) await slices.rest()
    }
  }
  for (const [memo, cell] of memos.cells.entries()) {
    if (!memos.gone.has(memo)) candidates.push({ result: memo, usedAt: isQuery(cell) ? reader.usedAt(cell) : 0 })
    if (slices.due()) await slices.rest()
  }
  return slices.sort(candidates, (a, b) => a.usedAt - b.usedAt)
}

async function leaveOut(candidates: readonly Candidate[], excess: number, memos: Memos, leftOut: Set<RetainedRecord>, { encoder, slices }: Pick<AssembleOptions, 'encoder' | 'slices'>): Promise<void> {
  const leaving: number[] = []
  let rest = excess
  for (const { result } of candidates) {
    if (rest <= 0) break
    if (typeof result === 'number') {
      leaving.push(result)
      rest -= (memos.weights[result] as number) + 8
    } else {
      leftOut.add(result)
      rest -= encoder.packed([result.key, result.form]).length + 4 * result.links.length
    }
    if (slices.due()) await slices.rest()
  }
  await memos.leaveOut(leaving, slices)
}
