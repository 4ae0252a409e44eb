/** Whether a query's body gives the same twice, and whether it asks the clock or for chance. */
import { aDefinition, aView, check } from '../core/check.js'
import { type Args, defaultEquals, type Derived, describeNode, describeValue, type Snapshot, type View } from '../index.js'
import { type ImpureUse, watchSources } from './sources.js'

export interface DeterminismReport {
  readonly id: string
  readonly isDeterministic: boolean
  readonly uses: readonly ImpureUse[]
  /** Two evaluations over the same state gave different outcomes. */
  readonly differs: boolean
  readonly outcomes: readonly [first: string, second: string]
  format(): string
}

/**
 * Evaluates a query's body twice over one state, aside from its memo, and reports what it used of the clock and of chance, and whether the outcomes
 * differ by the query's equality. While it runs, `Date`, `Math.random`, `performance.now`, `crypto` and `process.hrtime` are watched in the
 * whole process: run it in tests, where nothing else goes on. Checks that are begun together wait for each other. A body that keeps such a function from before is found only where outcomes differ.
 * Rejects with `InvalidDefinitionError` where the view or the query is none.
 */
export async function checkDeterminism<A extends Args, R>(view: View, query: Derived<A, R>, ...args: NoInfer<A>): Promise<DeterminismReport> {
  check('Where a query is checked', view, aView)
  check('What is checked', query, aDefinition('derived'))
  const snapshot = view.snapshot()
  return alone(async () => checkTwice(snapshot, query, args))
}

/** What is watched belongs to the whole process, and so does the turn of who watches. */
const turns: unique symbol = Symbol.for('pebre.determinism')

/** Does work once all that was begun before has ended. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const place = globalThis as { [turns]?: Promise<unknown> }
  const result = (place[turns] ?? Promise.resolve()).then(work)
  const ended = result.then(() => {}, () => {})
  place[turns] = ended
  try {
    return await result
  } finally {
    if (place[turns] === ended) Reflect.deleteProperty(place, turns)
  }
}

async function checkTwice<A extends Args, R>(snapshot: Snapshot, query: Derived<A, R>, args: A): Promise<DeterminismReport> {
  try {
    // What it reads is computed first, so that only its own body is watched.
    await evaluate(snapshot, query, args)
    const sources = watchSources()
    const run = async (): Promise<Outcome> => evaluate(snapshot, query, args, sources.watch)
    const first = await run()
    const second = await run()
    const uses = sources.uses()
    const differs = !isSame(query, first, second)
    return report(describeNode(query.name, args), uses, differs, [describeOutcome(first), describeOutcome(second)])
  } finally {
    snapshot.dispose()
  }
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

async function evaluate<A extends Args, R>(view: View, query: Derived<A, R>, args: A, watch: () => () => void = () => () => {}): Promise<Outcome> {
  try {
    const value: unknown = await view.read((q): unknown => {
      const end = watch()
      let isPending = false
      try {
        const result: unknown = query.body(q, ...args)
        isPending = isThenable(result)
        return isThenable(result) ? Promise.resolve(result).finally(end) : result
      } finally {
        if (!isPending) end()
      }
    })
    return { value }
  } catch (error) {
    return { error }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** By the query's own equality, where it has one; a query that never finds two values equal is compared by structure. */
function isSame<A extends Args, R>({ options }: Derived<A, R>, first: Outcome, second: Outcome): boolean {
  if ('error' in first || 'error' in second) return 'error' in first && 'error' in second && describeValue(first.error) === describeValue(second.error)
  const { equals = defaultEquals } = options as { equals?: ((a: unknown, b: unknown) => boolean) | false }
  return (equals === false ? defaultEquals : equals)(first.value, second.value)
}

const describeOutcome = (outcome: Outcome): string => ('error' in outcome ? `failed: ${describeValue(outcome.error)}` : describeValue(outcome.value))

function report(id: string, uses: readonly ImpureUse[], differs: boolean, outcomes: DeterminismReport['outcomes']): DeterminismReport {
  const isDeterministic = !differs && uses.length === 0
  const format = (): string => {
    if (isDeterministic) return `${id} gave the same twice, and used neither clock nor chance.\n`
    const lines = uses.map(({ what, times, at }) => `  it used ${what} ${times === 1 ? 'once' : `${times} times`}${at === '' ? '' : `, first ${at}`}`)
    if (differs) lines.push(`  it gave ${outcomes[0]}, then ${outcomes[1]}`)
    return `${id} is not deterministic:\n${lines.join('\n')}\n`
  }
  return { id, isDeterministic, uses, differs, outcomes, format }
}
