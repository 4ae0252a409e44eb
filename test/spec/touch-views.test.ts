/** When a value last changed in a snapshot: nobody else's doing shows in it. */
import { forSeeds } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, type View } from '../../src/index.js'

const x = input('x', { initial: 0 })
const y = input('y', { initial: 0 })
const same = derived('same', (q) => q.get(x))
const parity = derived('parity', (q) => q.get(x) % 2)
const above = derived('above', (q) => q.get(parity) + 10)
const later = derived('later', async (q) => q.get(parity))
const checked = derived('checked', (q) => {
  if (q.get(x) > 4) throw new Error(`too much: ${q.get(x)}`)
  return q.get(y) % 2
}, { errors: 'dependencies' })
const queries = [same, parity, above, checked]

/** x = 1 at revision 1, and y changed twice since. */
function filled(): Database {
  const db = createDatabase()
  db.set(x, 1)
  db.set(y, 1)
  db.set(y, 2)
  return db
}

describe('when a value last changed in a snapshot', () => {
  it('[DER-17 SNAP-2] what the head does later is not seen: it has another value, an equal one, or the old one again', async () => {
    const does: ((db: Database) => void)[] = [
      () => {},
      (db) => db.set(x, 2),
      (db) => [db.set(x, 2), db.get(above), db.get(same)],
      (db) => [db.set(x, 3), db.get(above), db.get(same)],
      (db) => [db.set(x, 2), db.get(above), db.get(same), db.set(x, 1), db.get(above), db.get(same)],
    ]
    for (const doesLater of does) {
      const db = filled()
      const snapshot = db.snapshot()
      doesLater(db)
      expect([snapshot.touch(same), snapshot.touch(parity), snapshot.touch(above), await snapshot.touch(later)]).toEqual([1, 1, 1, 1])
    }
  })

  it('[DER-17 SNAP-2] a value that stood when it was taken has the revision it had there, whatever the head has kept of it', () => {
    for (const values of [[], [3], [2], [2, 4, 1]]) {
      const db = createDatabase()
      db.get(above)
      db.set(x, 2)
      const snapshot = db.snapshot()
      for (const value of values) {
        db.set(x, value)
        db.get(above)
      }
      expect([snapshot.touch(parity), snapshot.touch(above)]).toEqual([0, 0])
    }
  })

  it('[DER-17 SNAP-2 VAL-1] an equal value keeps its revision where a snapshot is written to, and where that is promoted', () => {
    for (const isAskedBefore of [false, true]) {
      const db = createDatabase()
      db.get(above)
      const snapshot = db.snapshot()
      if (isAskedBefore) snapshot.get(above)
      snapshot.set(x, 2)
      expect([snapshot.touch(parity), snapshot.touch(above), snapshot.touch(same)]).toEqual([0, 0, 1])
      db.promote(snapshot)
      expect([db.touch(parity), db.touch(above), db.touch(same)]).toEqual([0, 0, 1])
    }
  })

  it('[DER-17 SHARE-3 SNAP-7] what another view has computed has a revision of one\'s own', () => {
    const db = filled()
    const draft = db.snapshot()
    for (let i = 0; i < 4; i++) draft.set(x, 10 + i)
    expect(draft.touch(same)).toBe(7)
    for (let i = 0; i < 5; i++) db.set(y, 10 + i)
    db.promote(draft)
    const snapshot = db.snapshot()
    expect([snapshot.touch(same), db.touch(same)]).toEqual([9, 9])
    const next = snapshot.snapshot()
    next.set(y, 3)
    expect([next.touch(same), next.snapshot().touch(same)]).toEqual([9, 9])
  })

  it('[DER-17 SHARE-7 SNAP-6] random views tell what a database tells that has done the same alone', { timeout: 30_000 }, async () => {
    await forSeeds(150, (random) => {
      const worlds: { readonly view: View; readonly alone: Database; readonly done: ((at: View) => unknown)[] }[] = [{ view: createDatabase(), alone: createDatabase(), done: [] }]
      for (let step = 0; step < 30; step++) {
        const { view, alone, done } = random.pick(worlds)
        const does = (action: (at: View) => unknown): void => {
          done.push(action)
          expect(action(view), `step ${step}`).toEqual(action(alone))
        }
        // What was never asked at some revision would be known there from another view.
        const asksAll = (): void => queries.forEach((query) => does((at) => at.touch(query)))
        const value = random.int(7)
        const query = random.pick(queries)
        const kind = random.int(5)
        if (kind < 3) asksAll()
        if (kind === 0 && worlds.length < 5) {
          const copy = createDatabase()
          for (const action of done) action(copy)
          worlds.push({ view: view.snapshot(), alone: copy, done: [...done] })
        } else if (kind === 1) does((at) => at.set(x, value))
        else if (kind === 2) does((at) => at.set(y, value))
        else does((at) => at.touch(query))
      }
    })
  })
})
