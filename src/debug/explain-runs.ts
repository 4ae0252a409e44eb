/** Why each run happened, from the events alone. */
import { Observable, type OperatorFunction } from 'rxjs'
import type { RuntimeEvent } from '../index.js'

/** One link: what changed, and the revision at which it did. */
export interface CauseStep {
  readonly id: string
  readonly revision: number
  readonly isInput: boolean
}

/** A run that has ended, and why it was begun. */
export interface ExplainedRun {
  readonly id: string
  readonly run: number
  readonly revision: number
  readonly duration: number
  readonly outcome: 'changed' | 'cutoff' | 'failed' | 'cancelled'
  /** `new`, `failure`, `volatile`, `invalidated`, `interrupted`, or the id of the first dependency that changed. */
  readonly cause: string
  /** From that dependency down to the input that was written, as far as it was heard of. */
  readonly chain: readonly CauseStep[]
  /** One line for a log. */
  readonly text: string
}

/** So many records are remembered; those not heard of for longest are forgotten first. */
const MEMORY = 10_000

const MOST_STEPS = 100

/**
 * Tells of each run of a stream of events why it happened. It needs the categories `input`, `run` and `change`, as `events$` has them.
 *
 * ```ts
 * db.events$.pipe(explainRuns()).subscribe(({ text }) => log.debug(text))
 * ```
 */
export function explainRuns(): OperatorFunction<RuntimeEvent, ExplainedRun> {
  return (events) =>
    new Observable((subscriber) => {
      const memory = new Memory()
      return events.subscribe({
        next(event) {
          const run = memory.take(event)
          if (run !== null) subscriber.next(run)
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
    })
}

/** Why each record changed last. */
class Memory {
  private readonly changes = new Map<string, { readonly revision: number; readonly isInput: boolean; readonly cause: string }>()

  take(event: RuntimeEvent): ExplainedRun | null {
    switch (event.type) {
      case 'inputSet':
      case 'inputRemoved':
        this.remember(event.id, event.revision, true, '')
        this.remember(`entries of ${event.definition}`, event.revision, false, event.id)
        return null
      case 'queryComputed':
        if (!event.cutoff) this.remember(event.id, event.revision, false, event.cause)
        return this.explain(event, event.cutoff ? 'cutoff' : 'changed')
      case 'queryFailed':
        this.remember(event.id, event.revision, false, event.cause)
        return this.explain(event, 'failed')
      case 'queryCancelled':
        return this.explain(event, 'cancelled')
      default:
        return null
    }
  }

  private remember(id: string, revision: number, isInput: boolean, cause: string): void {
    this.changes.delete(id)
    this.changes.set(id, { revision, isInput, cause })
    if (this.changes.size <= MEMORY) return
    for (const oldest of this.changes.keys()) {
      this.changes.delete(oldest)
      return
    }
  }

  private explain(event: RuntimeEvent<'queryComputed' | 'queryFailed' | 'queryCancelled'>, outcome: ExplainedRun['outcome']): ExplainedRun {
    const { id, run, revision, duration, cause } = event
    const chain: CauseStep[] = []
    for (let at = cause; chain.length < MOST_STEPS;) {
      const change = this.changes.get(at)
      if (change === undefined || chain.some((step) => step.id === at)) break
      chain.push(Object.freeze({ id: at, revision: change.revision, isInput: change.isInput }))
      at = change.cause
    }
    const text = `${id} ${verbs[outcome]} in ${duration.toFixed(1)} ms: ${causeText(cause, chain)}`
    return Object.freeze({ id, run, revision, duration, outcome, cause, chain: Object.freeze(chain), text })
  }
}

const verbs: Readonly<Record<ExplainedRun['outcome'], string>> = { changed: 'ran', cutoff: 'ran to an equal value', failed: 'failed', cancelled: 'was cancelled' }

const reasons: Readonly<Record<string, string>> = {
  new: 'asked for the first time', failure: 'its last outcome was a failure', volatile: 'it reads something volatile', invalidated: 'it was invalidated', interrupted: 'an earlier run was interrupted',
}

function causeText(cause: string, chain: readonly CauseStep[]): string {
  const reason = Object.hasOwn(reasons, cause) ? reasons[cause] : undefined
  if (reason !== undefined) return reason
  if (chain.length === 0) return `${cause} changed`
  return chain.map(({ id, revision, isInput }) => `${id} ${isInput ? 'was written' : 'changed'} in revision ${revision}`).join(', because ')
}
