/**
 * Undo and redo.
 *
 * States are snapshots, which cost what changed between them; going back is one commit that makes the database hold what a snapshot holds:
 *
 *   past: [ s1 s2 s3 ]   present: s4   future: []        set  ─> the present joins the past, the future is gone
 *   past: [ s1 s2 ]      present: s3   future: [ s4 ]    undo ─> restore(s3)
 */
import { BehaviorSubject, type Observable, skip, type Subscription } from 'rxjs'
import { aView, check, checkOptions } from '../core/check.js'
import type { Revision, Snapshot, View } from '../index.js'

export interface HistoryOptions {
  /** How many steps can be undone. Default 100. */
  readonly limit?: number
}

/** How many steps can be undone and redone. */
export interface Steps {
  readonly undo: number
  readonly redo: number
}

/** Made by `history`. */
export class History {
  private readonly view: View
  private readonly limit: number
  private readonly subscription: Subscription
  private readonly steps: BehaviorSubject<Steps> = new BehaviorSubject<Steps>({ undo: 0, redo: 0 })
  private past: Snapshot[] = []
  private present: Snapshot
  private future: Snapshot[] = []
  /** A state is being restored: the commits that come meanwhile are that one, and what subscribers answer to it. */
  private isRestoring = false
  /** Revisions that restored a state, and have not come yet. */
  private readonly restored = new Set<Revision>()

  /** @internal */
  constructor(view: View, options: HistoryOptions) {
    check('What history records', view, aView)
    checkOptions('', options, { limit: [(value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number of steps'] })
    const { limit = 100 } = options
    this.view = view
    this.limit = limit
    this.present = view.snapshot()
    this.subscription = view.revision$.pipe(skip(1)).subscribe({ next: (revision) => this.record(revision), complete: () => this.dispose() })
  }

  /** How many steps can be undone and redone, now and whenever that changes. Completes with the history. */
  get steps$(): Observable<Steps> {
    return this.steps.asObservable()
  }

  get canUndo(): boolean {
    return this.past.length > 0
  }

  get canRedo(): boolean {
    return this.future.length > 0
  }

  /** Takes back the last step: one commit, and one revision more. Says whether there was one. Not to be called inside a batch. */
  undo(): boolean {
    return this.go(this.past, this.future)
  }

  /** Makes the last step that was taken back again. Says whether there was one. Not to be called inside a batch. */
  redo(): boolean {
    return this.go(this.future, this.past)
  }

  /** Forgets all steps, and records no more. */
  dispose(): void {
    this.subscription.unsubscribe()
    for (const snapshot of [...this.past, this.present, ...this.future]) snapshot.dispose()
    this.past = []
    this.future = []
    this.tell()
    this.steps.complete()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  private record(revision: Revision): void {
    if (this.restored.delete(revision) || this.isRestoring) return
    this.past.push(this.present)
    this.present = this.view.snapshot()
    for (const snapshot of [...this.future, ...this.past.splice(0, this.past.length - this.limit)]) snapshot.dispose()
    this.future = []
    this.tell()
  }

  private go(from: Snapshot[], to: Snapshot[]): boolean {
    const target = from.pop()
    if (target === undefined) return false
    const left = this.present
    const isInside = this.isRestoring
    // Moved first: a subscriber who is told may ask for more.
    to.push(left)
    this.present = target
    this.isRestoring = true
    try {
      const revision = this.view.restore(target)
      // Asked for by a subscriber: the commit follows when everybody has been told the present one.
      if (revision > this.view.revision) this.restored.add(revision)
    } catch (error) {
      this.present = left
      to.pop()
      from.push(target)
      throw error
    } finally {
      this.isRestoring = isInside
    }
    this.tell()
    return true
  }

  private tell(): void {
    this.steps.next({ undo: this.past.length, redo: this.future.length })
  }
}

/**
 * Records the commits of a view from now on, each of them a step, so that they can be taken back and made again. What belongs together is
 * written in one batch. A step costs what it changed; the oldest steps are forgotten beyond the limit. A new commit forgets what had been taken
 * back, but for the commits with which subscribers answer an `undo` or `redo`: they belong to it.
 *
 * @throws `InvalidDefinitionError` where the view is none, or the limit no number of steps
 *
 * ```ts
 * const steps = history(db)
 * db.set(title, 'A')
 * steps.undo()
 * ```
 */
export function history(view: View, options: HistoryOptions = {}): History {
  return new History(view, options)
}
