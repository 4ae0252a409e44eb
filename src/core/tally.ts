/**
 * What happened to the queries of one definition. Runs are counted always, where they end; reads that ran
 * nothing, and time, only while somebody counts, so that a hit costs no counter.
 */
export class Tally {
  /** Runs that ended with another outcome, an equal value, a failure, or not at all. */
  changes = 0
  cutoffs = 0
  failures = 0
  cancellations = 0
  evictions = 0
  hits = 0
  joins = 0
  validations = 0
  /** Milliseconds between the start and the end of runs, waiting included. */
  time = 0

  /** A run has ended in an outcome. */
  count(failed: boolean, isEqual: boolean): void {
    if (failed) this.failures++
    else if (isEqual) this.cutoffs++
    else this.changes++
  }

  /** Runs that have ended. */
  get ended(): number {
    return this.changes + this.cutoffs + this.failures + this.cancellations
  }
}
