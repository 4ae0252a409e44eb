/**
 * Undo and redo. An edit is made in a draft, which is a snapshot; `diff` tells what it changed, and that is written to the sheet in one
 * batch. A step is what was changed, so it takes as little room as the edit was small.
 *
 *   db.snapshot() ─> write there ─> diff(db, draft, text) ─> batch      undo: the same batch, with the values before
 *
 * `db.restore(snapshot)` is the shorter way: keep the snapshot, and go back to it. It keeps the results of every state too, and runs
 * nothing when it goes back; here the room was worth more, and a sheet is computed again in the time of one edit.
 */
import { type Database, diff, type View } from 'pebre'
import { BehaviorSubject, type Observable } from 'rxjs'
import { text } from './sheet.js'

/** How many steps there are in each direction. */
export interface Steps {
  readonly undo: number
  readonly redo: number
}

/** What an edit made of one cell; undefined where nothing was ever typed. */
interface Change {
  readonly cell: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export class History {
  private readonly db: Database
  private readonly limit: number
  private readonly past: (readonly Change[])[] = []
  private future: (readonly Change[])[] = []
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
    let changes: readonly Change[]
    try {
      write(draft)
      changes = changesOf(this.db, draft)
    } finally {
      draft.dispose()
    }
    if (changes.length === 0) return
    this.past.push(changes)
    if (this.past.length > this.limit) this.past.shift()
    this.future = []
    this.apply(changes, 'after')
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

  private apply(changes: readonly Change[], side: 'before' | 'after'): void {
    this.db.batch((tx) => {
      for (const { cell, [side]: content } of changes) {
        if (content === undefined) tx.remove(text, cell)
        else tx.set(text, cell, content)
      }
    })
    this.subject.next({ undo: this.past.length, redo: this.future.length })
  }
}

function changesOf(sheet: View, draft: View): Change[] {
  const { added, changed, removed } = diff(sheet, draft, text)
  return [
    ...added.map(({ key, value }) => ({ cell: key, before: undefined, after: value })),
    ...changed.map(({ key, before, after }) => ({ cell: key, before, after })),
    ...removed.map(({ key, value }) => ({ cell: key, before: value, after: undefined })),
  ]
}
