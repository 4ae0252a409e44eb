/**
 * Undo and redo. An edit is made in a draft, which is a snapshot; `diff` tells what it changed, and that is written to the sheet in one
 * batch. A step is what was changed, so it takes as little room as the edit was small.
 *
 *   db.snapshot() ─> write there ─> diff(db, draft, text) ─> batch      undo: a batch of the texts before
 *
 * `db.restore(snapshot)` is the shorter way: keep the snapshot, and go back to it. It keeps the results of every state too, and runs
 * nothing when it goes back; here the room was worth more, and a sheet is computed again in the time of one edit.
 */
import { type Database, diff, type Difference, type View } from 'pebre'
import { BehaviorSubject, type Observable } from 'rxjs'
import { text } from './sheet.js'

/** How many steps there are in each direction. */
export interface Steps {
  readonly undo: number
  readonly redo: number
}

/** What an edit changed: which cells, and what was typed there before and after. A cell nobody typed in holds the empty text. */
type Step = Difference<[cell: string], string>['changed']

export class History {
  private readonly db: Database
  private readonly limit: number
  private readonly past: Step[] = []
  private future: Step[] = []
  private readonly subject = new BehaviorSubject<Steps>({ undo: 0, redo: 0 })

  constructor(db: Database, limit = 1000) {
    this.db = db
    this.limit = limit
  }

  get steps$(): Observable<Steps> {
    return this.subject
  }

  get steps(): Steps {
    return this.subject.value
  }

  /** Makes an edit of the sheet as one step. One that changes nothing is none, and neither is one that throws. */
  edit(write: (sheet: View) => void): void {
    const draft = this.db.snapshot()
    let step: Step
    try {
      write(draft)
      step = diff(this.db, draft, text).changed
    } finally {
      draft.dispose()
    }
    if (step.length === 0) return
    this.past.push(step)
    if (this.past.length > this.limit) this.past.shift()
    this.future = []
    this.apply(step, 'after')
  }

  undo(): void {
    const step = this.past.pop()
    if (step === undefined) return
    this.future.push(step)
    this.apply(step, 'before')
  }

  redo(): void {
    const step = this.future.pop()
    if (step === undefined) return
    this.past.push(step)
    this.apply(step, 'after')
  }

  private apply(step: Step, side: 'before' | 'after'): void {
    this.db.batch((tx) => {
      for (const { key, [side]: content } of step) tx.set(text, key, content)
    })
    this.subject.next({ undo: this.past.length, redo: this.future.length })
  }
}
