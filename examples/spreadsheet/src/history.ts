/** Undo and redo: a snapshot before every edit. A snapshot costs what changed since the last one, however large the sheet is. */
import type { Database, Snapshot } from 'pebre'
import { BehaviorSubject, type Observable } from 'rxjs'

/** How many steps there are in each direction. */
export interface Steps {
  readonly undo: number
  readonly redo: number
}

export class History {
  private readonly db: Database
  private readonly limit: number
  private past: Snapshot[] = []
  private future: Snapshot[] = []
  private readonly subject = new BehaviorSubject<Steps>({ undo: 0, redo: 0 })

  constructor(db: Database, limit = 200) {
    this.db = db
    this.limit = limit
  }

  get steps$(): Observable<Steps> {
    return this.subject
  }

  get steps(): Steps {
    return this.subject.value
  }

  /** Makes an edit that can be undone. One that changes nothing is no step. */
  edit(write: () => void): void {
    const before = this.db.snapshot()
    const { revision } = this.db
    try {
      write()
    } finally {
      if (this.db.revision === revision) before.dispose()
      else {
        this.past.push(before)
        if (this.past.length > this.limit) this.past.shift()?.dispose()
        for (const snapshot of this.future) snapshot.dispose()
        this.future = []
        this.tell()
      }
    }
  }

  undo(): void {
    this.step(this.past, this.future)
  }

  redo(): void {
    this.step(this.future, this.past)
  }

  private step(from: Snapshot[], to: Snapshot[]): void {
    const target = from.pop()
    if (target === undefined) return
    to.push(this.db.snapshot())
    this.db.restore(target)
    target.dispose()
    this.tell()
  }

  private tell(): void {
    this.subject.next({ undo: this.past.length, redo: this.future.length })
  }
}
