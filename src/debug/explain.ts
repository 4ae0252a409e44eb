/** Why a query ran last, and why it holds or does not: the way down to the input that changed. */
import { aDefinition, aFlag, check, checkOptions } from '../core/check.js'
import { type Args, type DebugRecord, type DebugState, debugView, type Definition, type Derived, describeNode, describeValue, type Input, type Source, type View } from '../index.js'
import { type Change, type Looked, staleBelow, stoppedBelow, whyRan } from './causes.js'

/** One record on the way, and the revision at which it last changed. */
export interface ExplanationStep {
  readonly id: string
  readonly kind: DebugRecord['kind']
  readonly changedAt: number
  /** The value, cut short; an error, described. */
  readonly value: string
}

/**
 * Why it ran last. `unknown`: what it read has changed again since (`chain` is what is still known), or what it holds does not come
 * from its own last run: another view made it, or an earlier run, or it was loaded.
 */
export type RunCause = 'first' | 'changed' | 'failure' | 'volatile' | 'unknown'

/**
 * Why it does not hold, or may not. `changed`: the chain leads to what did. `passed`: it counted for its revision only, as a failure, or as
 * it reads something volatile. `loaded`: it has not been checked since. `unknown`: nothing below is known to have changed.
 */
export type StaleCause = 'changed' | 'passed' | 'loaded' | 'unknown'

/**
 * What is known of a query or an input, in words (`format()`) and as data. Chains lead from what the query read down to the input that
 * changed.
 */
export class Explanation {
  readonly id: string
  readonly kind: DebugRecord['kind']
  readonly state: DebugState | 'unknown'
  /** The revision of the view. */
  readonly revision: number
  /** The revisions at which the value last changed, and at which it was last known to hold; -1: never. */
  readonly changedAt: number
  readonly verifiedAt: number
  readonly value: string
  /** Its value was given up to save memory. */
  readonly isEvicted: boolean
  /** Why it last ran; null for inputs, and where it never did, as what was loaded. `kept`: that run gave an equal value. */
  readonly ran: { readonly cause: RunCause; readonly chain: readonly ExplanationStep[]; readonly kept: boolean } | null
  /** Why it does not hold, or may not; null where it does. */
  readonly stale: { readonly cause: StaleCause; readonly chain: readonly ExplanationStep[] } | null
  /** Why it holds although an input below has changed since: the query whose value stayed equal. */
  readonly held: { readonly by: ExplanationStep; readonly chain: readonly ExplanationStep[] } | null
  /** What it read, in order, with the revisions at which that last changed. */
  readonly dependencies: readonly ExplanationStep[]

  /** @internal */
  constructor(look: Looked, record: DebugRecord | null, id: string) {
    const steps = (changes: readonly Change[]): ExplanationStep[] => changes.map(({ record: at }) => stepOf(at))
    const isQuery = record !== null && (record.kind === 'derived' || record.kind === 'live')
    const isStale = record?.state === 'dirty' || record?.state === 'maybe'
    this.id = id
    this.kind = record?.kind ?? 'derived'
    this.state = record?.state ?? 'unknown'
    this.revision = look.revision
    this.changedAt = record?.changedAt ?? 0
    this.verifiedAt = record?.verifiedAt ?? -1
    this.value = record === null ? 'nothing' : valueOf(record)
    this.ran = isQuery && (record.outcome !== null || isEvicted(record)) ? ranBecause(look, record, steps) : null
    this.isEvicted = isQuery && isEvicted(record)
    this.stale = isQuery && isStale ? staleBecause(record, steps(staleBelow(look, record))) : null
    const stopped = isQuery && record.state === 'ready' ? stoppedBelow(look, record) : null
    this.held = stopped === null ? null : { by: stepOf(stopped.by), chain: steps(stopped.chain) }
    this.dependencies = (record?.deps ?? []).flatMap(({ handle }) => look.get(handle) ?? []).map(stepOf)
  }

  /** `values: false` leaves out what inputs and queries hold. */
  format(options: { readonly values?: boolean } = {}): string {
    checkOptions('format: ', options, { values: aFlag })
    const { values = true } = options
    const lines = [`${this.id} ${headline(this)}`]
    const chainLines = (chain: readonly ExplanationStep[]): string[] => linesOf(chain, values)
    if (this.isEvicted) lines.push('  Its value was given up to save memory: it is made again when it is next asked for.')
    if (values && this.value !== 'nothing') lines.push(`  value: ${this.value}`)
    if (this.state === 'running') lines.push('  It is being computed, or what it read is being checked.')
    if (this.stale !== null) lines.push(`  ${staleText(this.stale)}`, ...chainLines(this.stale.chain))
    if (this.ran !== null) lines.push(`  ${ranText(this.ran)}`, ...chainLines(this.ran.chain))
    if (this.held !== null) lines.push(`  Since then ${last(this.held.chain)?.id} changed in revision ${last(this.held.chain)?.changedAt}. ${this.held.by.id} kept its value, so nothing above it ran.`, ...chainLines(this.held.chain))
    return `${lines.join('\n')}\n`
  }

  toString(): string {
    return this.format()
  }
}

/**
 * Explains a query, an input or a source of a view. Looks only: nothing runs, nothing is marked, nothing is counted. Time: what the query depends on, at most.
 *
 * ```ts
 * console.log(explain(db, words, 'a.md').format())
 * ```
 * @throws `InvalidDefinitionError` for what is none of these, `InvalidKeyError`
 */
export function explain<A extends Args, R>(view: View, query: Derived<A, R> | Input<A, R> | Source<A, R>, ...args: NoInfer<A>): Explanation {
  const look = debugView(view).look()
  const definition = query as Definition
  check('What is explained', definition, aDefinition('input', 'derived', 'source'))
  const record = look.find(definition, args)
  return new Explanation(look, record, record?.id ?? describeNode(definition.name, args))
}

/** The same by the handle of a graph's node; null where the view shows nothing of it, and for what is no handle. */
export function explainHandle(view: View, handle: object): Explanation | null {
  const look = debugView(view).look()
  const record = look.get(handle)
  return record === null ? null : new Explanation(look, record, record.id)
}

function ranBecause(look: Looked, record: DebugRecord, steps: (changes: readonly Change[]) => ExplanationStep[]): Explanation['ran'] {
  const { lastRun, isVolatile, state } = record
  if (lastRun === null) return null
  const because = (cause: RunCause, chain: readonly Change[] = []) => ({ cause, chain: steps(chain), kept: record.changedAt < (chain[0]?.record.changedAt ?? 0) })
  if (state === 'running' || lastRun.before === 'unknown') return because('unknown')
  if (lastRun.before === 'nothing') return because('first')
  const { chain, isWhole } = whyRan(look, record)
  if (!isWhole) return because('unknown', chain)
  if (chain.length > 0) return because('changed', chain)
  return because(isVolatile ? 'volatile' : lastRun.before === 'loaded' ? 'unknown' : 'failure')
}

function staleBecause({ lastRun, verifiedAt, isVolatile, outcome, source }: DebugRecord, chain: readonly ExplanationStep[]): NonNullable<Explanation['stale']> {
  if (chain.length > 0) return { cause: 'changed', chain }
  if (lastRun === null && verifiedAt < 0) return { cause: 'loaded', chain }
  const isFailure = outcome !== null && 'error' in outcome && (source as Derived<Args, unknown>).options.errors !== 'dependencies'
  return { cause: isVolatile || isFailure ? 'passed' : 'unknown', chain }
}

function stepOf(record: DebugRecord): ExplanationStep {
  const { id, kind, changedAt } = record
  return Object.freeze({ id, kind, changedAt, value: valueOf(record) })
}

function valueOf({ outcome, state }: DebugRecord): string {
  if (outcome === null) return state === 'absent' ? 'absent' : 'nothing'
  return 'error' in outcome ? `failed: ${describeValue(outcome.error)}` : describeValue(outcome.value)
}

/** It had an outcome, and holds none. */
const isEvicted = ({ outcome, state }: DebugRecord): boolean => outcome === null && state !== 'new' && state !== 'running'

const last = <T>(list: readonly T[]): T | undefined => list.at(-1)

function headline({ state, revision, changedAt, verifiedAt, kind, ran }: Explanation): string {
  if (state === 'unknown') return 'is not known here: nobody has asked for it.'
  if (kind !== 'derived' && kind !== 'live') return state === 'absent' ? 'holds nothing.' : `last changed in revision ${changedAt}.`
  if (state === 'new') return 'has never run.'
  if (state === 'running') return `is at work, at revision ${revision}.`
  if (state === 'ready' || state === 'failed') return `is valid at revision ${revision}${state === 'failed' ? ', as a failure' : ''}; its outcome dates from revision ${changedAt}.`
  const known = ran === null && verifiedAt < 0 ? '' : `; it last held at revision ${verifiedAt}`
  return `${state === 'dirty' ? 'is stale' : 'may be stale'} at revision ${revision}${known}.`
}

function staleText({ cause, chain }: NonNullable<Explanation['stale']>): string {
  const input = last(chain)
  switch (cause) {
    case 'changed': return `Because ${input?.id} changed in revision ${input?.changedAt}:`
    case 'passed': return 'What it holds counts for one revision only, and that has passed: it failed, or read something volatile.'
    case 'loaded': return 'It was loaded: it is checked, or computed anew, when it is next asked for.'
    default: return 'Nothing below it is known to have changed: it is checked when it is next asked for.'
  }
}

function ranText({ cause, chain, kept }: NonNullable<Explanation['ran']>): string {
  const input = last(chain)
  switch (cause) {
    case 'first': return 'It ran once: when it was first asked for.'
    case 'changed': return `It last ran because ${input?.id} changed in revision ${input?.changedAt}${kept ? ', and gave an equal value' : ''}:`
    case 'failure': return 'It last ran although nothing it read had changed: it had failed before, or had been forgotten.'
    case 'volatile': return 'It last ran because it reads something volatile: it runs once in every revision in which it is asked for.'
    default: return input === undefined
      ? 'Why it last ran is not known: what it read has changed again since, or what it holds comes from elsewhere: another view, an earlier run, a file.'
      : `It last ran because ${input.id} changed in revision ${input.changedAt}${kept ? ', and gave an equal value' : ''}. Why that changed is not known: what it read has changed again since, or it was computed elsewhere.`
  }
}

const mostSteps = 12

function linesOf(chain: readonly ExplanationStep[], values: boolean): string[] {
  const lines = chain.map(({ id, changedAt, value, kind }) => `    <- ${id}, revision ${changedAt}${values && kind === 'input' ? `: ${value}` : ''}`)
  return lines.length <= mostSteps ? lines : [...lines.slice(0, mostSteps - 1), `    … ${lines.length - mostSteps} more`, ...lines.slice(-1)]
}
