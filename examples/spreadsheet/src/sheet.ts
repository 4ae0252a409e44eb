/**
 * The sheet as a database: the text of every cell is an input, everything else is derived.
 *
 *   text(B3) ─> formula(B3) ─> value(B3) ─> value(C3) …
 *                                 └─ lookup(EUR) ─ rates, latency
 *
 * A formula is parsed once for each text. Which cells it reads is known only when it runs, and may change from run to run:
 * `=IF(A1, B1, C1)` depends on A1 and on one of the other two.
 */
import { CycleError, derived, input, type Query } from 'pebre'
import { evaluate, type Sheet } from './evaluate.js'
import type { Later } from './later.js'
import { parse } from './syntax.js'
import { fault, type Value } from './values.js'

/** What was typed into a cell. */
export const text = input<[cell: string], string>('text', { initial: '' })

/** What the slow service knows, and how long it takes to answer, in milliseconds. */
export const rates = input<[], Readonly<Record<string, number>>>('rates', { initial: {} })
export const latency = input<[], number>('latency', { initial: 900 })

export const formula = derived('formula', (q, cell: string) => parse(q.get(text, cell)))

/** A request that takes its time, and ends when nobody waits for it any more. */
export const lookup = derived('lookup', async (q, name: string): Promise<Value> => {
  const known = q.get(rates)
  await delay(q.get(latency), q.signal)
  const rate = Object.hasOwn(known, name) ? known[name] : undefined
  return rate ?? fault('#N/A', `The service does not know "${name}".`)
})

/** A value where all that a formula reads is there, otherwise a promise. A cell on a cycle fails with `CycleError`. */
export const value = derived('value', (q, cell: string): Later<Value> => evaluate(q.get(formula, cell), new Reads(q)))

/** The sheet as one run of a formula sees it. */
class Reads implements Sheet {
  private readonly q: Query

  constructor(q: Query) {
    this.q = q
  }

  /**
   * A cell that only reads one on a cycle shows that its reference is no good. A cell that is on the cycle itself fails with the
   * `CycleError` all the same, whatever is made of it here: that is for the engine to say, and does not depend on who asked first.
   */
  cell(id: string): Later<Value> {
    try {
      const found = this.q.get(value, id)
      return found instanceof Promise ? found.catch((error: unknown) => brokenReference(id, error)) : found
    } catch (error) {
      return brokenReference(id, error)
    }
  }

  lookup(name: string): Later<Value> {
    return this.q.get(lookup, name)
  }
}

function brokenReference(id: string, error: unknown): Value {
  if (error instanceof CycleError) return fault('#REF!', `${id} is on a cycle.`)
  throw error
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
}

/** The cells of a cycle, from the first to itself: `A1 → B1 → A1`. */
export function cycleOf(error: CycleError): string {
  return error.path.map((id) => id.replace(/^value\((.*)\)$/, '$1')).join(' → ')
}
