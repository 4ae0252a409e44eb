/** Errors as the naive model knows them. */
import { CycleError, MissingInputError } from '../../src/index.js'
import { CYCLE, MISSING, type Outcome } from './naive.js'

/** What the naive model says instead of an error. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof CycleError) return CYCLE
  if (error instanceof MissingInputError) return `${MISSING} ${error.key.replace('()', '')}`
  if (error instanceof Error && error.constructor === Error && /^E\d$/.test(error.message)) return error.message
  return stackOf(error)
}

/** The beginning of an error's stack. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 8).join('\n') : String(error)
}

/** What went wrong, as the title of a history: without the places of this machine where it was thrown. */
export function titleOf(message: string): string {
  return message
    .split('\n')
    .filter((line) => !/^\s*at /.test(line))
    .join(' ')
}
