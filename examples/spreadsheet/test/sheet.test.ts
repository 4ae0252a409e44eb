/** The sheet without a page: what runs for an edit, lookups, cycles, undo. */
import { type CycleError, createDatabase, type Database } from 'pebre'
import { record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { thrownBy } from '../../../test/support/turns.js'
import { ROWS } from '../src/address.js'
import { fill } from '../src/demo.js'
import { faceOf } from '../src/face.js'
import { History } from '../src/history.js'
import { latency, lookup, rates, text, value } from '../src/sheet.js'

function sheet(cells: Readonly<Record<string, string>>): Database {
  const db = createDatabase()
  db.batch((tx) => {
    tx.set(latency, 0)
    tx.set(rates, { EUR: 0.5 })
    for (const [cell, content] of Object.entries(cells)) tx.set(text, cell, content)
  })
  return db
}

/** What each cell shows, once all lookups are there. */
async function faces(db: Database, ...ids: string[]): Promise<string[]> {
  const texts: string[] = []
  for (const id of ids) {
    await Promise.resolve().then(() => db.get(value, id)).catch(() => {})
    db.watch(value, id).subscribe((state) => texts.push(faceOf(state).text)).unsubscribe()
  }
  return texts
}

it('an edit runs what it reaches, and ends where a value stays the same', () => {
  const db = sheet({ A1: '1', A2: '2', B1: '=A1+A2', C1: '=B1>0', D1: '=IF(C1,"up","down")' })
  for (const id of ['B1', 'D1']) db.watch(value, id).subscribe()
  const log = record(db)
  db.set(text, 'A1', '5')
  expect(log.take()).toEqual(['run formula(A1)', 'run value(A1)', 'run value(B1)', 'run value(C1)', 'same value(C1)'])
  db.set(text, 'A1', '=2+3')
  expect(log.take()).toEqual(['run formula(A1)', 'run value(A1)', 'same value(A1)'])
  db.set(text, 'J99', 'elsewhere')
  expect(log.take()).toEqual([])
})

it('a formula depends on the branch it took', () => {
  const db = sheet({ A1: 'TRUE', B1: '=IF(A1,C1,D1)', C1: '1', D1: '2' })
  const seen: unknown[] = []
  db.watch(value, 'B1').subscribe((state) => seen.push(faceOf(state).text))
  const log = record(db)
  db.set(text, 'D1', '3')
  expect(log.take()).toEqual([])
  db.set(text, 'A1', 'FALSE')
  db.set(text, 'C1', '4')
  expect(seen).toEqual(['1', '3'])
})

it('a lookup makes those wait that need it, and nobody else; the value before stays on screen', async () => {
  const db = sheet({ A1: '=LOOKUP("EUR")', B1: '=A1*4', C1: '=LOOKUP("?")', D1: '=IFERROR(C1,7)', E1: '=1+1' })
  expect(db.get(value, 'E1')).toBe(2)
  const seen: string[] = []
  db.watch(value, 'B1').subscribe((state) => seen.push(`${state.status} ${faceOf(state).text}`))
  expect(await faces(db, 'B1', 'C1', 'D1')).toEqual(['2', '#N/A', '7'])
  const log = record(db)
  db.set(rates, { EUR: 2 })
  expect(await db.get(value, 'B1')).toBe(8)
  expect(log.take().filter((line) => line.startsWith('run'))).toEqual(['run lookup(EUR)', 'run value(A1)', 'run value(B1)'])
  expect(seen).toEqual(['pending …', 'ready 2', 'stale 2', 'ready 8'])
})

it('a lookup nobody waits for any more is given up', () => {
  const db = sheet({ A1: '=LOOKUP("EUR")' })
  db.set(latency, 1e6)
  const log = record(db)
  const subscription = db.watch(value, 'A1').subscribe()
  subscription.unsubscribe()
  expect([log.take().filter((line) => line.startsWith('cancel')).length, db.stats().jobs]).toEqual([2, 0])
  expect(db.stats()).toMatchObject({ live: 0 })
})

it('cells on a cycle say so whoever is asked first, those that read them have a bad reference, and all recover', async () => {
  for (const order of [['A1', 'B1', 'C1', 'D1'], ['D1', 'C1', 'B1', 'A1'], ['C1', 'A1', 'D1', 'B1']]) {
    const db = sheet({ A1: '=B1+1', B1: '=C1', C1: '=A1*2', D1: '=B1&"!"', E1: '=E1' })
    const shown = Object.fromEntries(order.map((id) => [id, '']))
    for (const id of order) db.watch(value, id).subscribe((state) => (shown[id] = faceOf(state).text))
    expect(shown).toEqual({ A1: '#CYCLE!', B1: '#CYCLE!', C1: '#CYCLE!', D1: '#REF!' })
    db.set(text, 'C1', '20')
    expect(shown).toEqual({ A1: '21', B1: '20', C1: '20', D1: '20!' })
    db.set(text, 'C1', '=IF(D1="","",A1)')
    expect(shown).toEqual({ A1: '#REF!', B1: '#CYCLE!', C1: '#CYCLE!', D1: '#CYCLE!' })
    db.set(text, 'C1', '=LOOKUP("EUR")+1')
    await db.get(value, 'A1')
    expect([await faces(db, 'E1', 'A1', 'D1'), db.stats().jobs]).toEqual([['#CYCLE!', '2.5', '1.5!'], 0])
  }
})

it('a cycle through a lookup is a cycle', async () => {
  const db = sheet({ A1: '=LOOKUP("EUR")+B1', B1: '=A1', C1: '=A1+1' })
  expect(await faces(db, 'A1', 'B1', 'C1')).toEqual(['#CYCLE!', '#CYCLE!', '#REF!'])
  const error = thrownBy(() => db.get(value, 'B1'))
  expect((error as CycleError).path).toEqual(['value(A1)', 'value(B1)', 'value(A1)'])
  db.set(text, 'B1', '1')
  expect([await faces(db, 'A1', 'C1'), db.stats().jobs]).toEqual([['1.5', '2.5'], 0])
})

it('undo and redo give back every step, run what a step reaches, and forget what was undone at the next edit', () => {
  const db = sheet({ A1: '1', B1: '=A1*2', C1: '5' })
  const history = new History(db, 3)
  const shown: string[] = []
  db.watch(value, 'B1').subscribe((state) => shown.push(faceOf(state).text))
  for (const content of ['2', '3', '3']) history.edit((draft) => draft.set(text, 'A1', content))
  expect(history.steps).toEqual({ undo: 2, redo: 0 })
  const log = record(db)
  history.undo()
  expect(log.take()).toEqual(['run formula(A1)', 'run value(A1)', 'run value(B1)'])
  history.undo()
  history.undo()
  history.redo()
  expect([shown, history.steps]).toEqual([['2', '4', '6', '4', '2', '4'], { undo: 1, redo: 1 }])
  history.edit((draft) => draft.batch((tx) => {
    tx.set(text, 'A1', '9')
    tx.set(text, 'D1', 'new')
    tx.remove(text, 'C1')
  }))
  history.redo()
  const all = (): unknown[] => ['A1', 'C1', 'D1'].map((id) => db.get(text, id))
  expect([history.steps, all(), db.has(text, 'C1')]).toEqual([{ undo: 2, redo: 0 }, ['9', '', 'new'], true])
  history.undo()
  expect([all(), shown.at(-1)]).toEqual([['2', '5', ''], '4'])
  for (const content of ['a', 'b', 'c', 'd']) history.edit((draft) => draft.set(text, 'A1', content))
  expect(history.steps).toEqual({ undo: 3, redo: 0 })
  const failure = new Error('no')
  expect(() => history.edit((draft) => {
    draft.set(text, 'A1', 'half')
    throw failure
  })).toThrow(failure)
  expect([history.steps, db.get(text, 'A1')]).toEqual([{ undo: 3, redo: 0 }, 'd'])
})

it('the sheet at the start: an edit at its head runs ten thousand running totals once each, and the sums', () => {
  const db = createDatabase()
  fill(db)
  const cells = ['F2', 'F3', 'J1', 'J2', 'J3', 'J4']
  const shown = new Map<string, string>()
  for (const id of cells) db.watch(value, id).subscribe((state) => shown.set(id, faceOf(state).text))
  const total = Number(shown.get('J2'))
  const { runs } = db.stats()
  const price = Number(db.get(text, 'D2'))
  db.set(text, 'D2', String(price + 1))
  // formula(D2), value(D2), E2, F2 to F10000, J2, J3 and J4.
  expect(db.stats().runs - runs).toBe(3 + (ROWS - 1) + 3)
  expect(Number(shown.get('J2')) - total).toBeCloseTo(Number(db.get(text, 'C2')), 6)
  expect(db.get(lookup, 'EUR')).toBeInstanceOf(Promise)
})
