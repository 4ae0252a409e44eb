/** history: undo and redo. */
import { forSeeds, flush, record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { ClosedError, createDatabase, type Database, derived, input, interned, InvalidDefinitionError, LimitExceededError, WriteInQueryError } from '../../src/index.js'
import { history, type Steps } from '../../src/operators/index.js'

const x = input<[], number>('x', { initial: 0 })
const file = input<[path: string], string>('file')
const double = derived('double', (q) => q.get(x) * 2)

it('[SNAP-10] takes commits back and makes them again, without a run', () => {
  const db = createDatabase()
  const steps = history(db)
  for (const value of [1, 2, 3]) {
    db.set(x, value)
    db.get(double)
  }
  const log = record(db)
  const seen: number[] = []
  for (const go of [steps.undo(), steps.undo()]) seen.push(Number(go))
  expect(db.get(double)).toBe(2)
  expect(steps.redo()).toBe(true)
  expect(db.get(double)).toBe(4)
  expect(log.take()).toEqual([])
  expect(seen).toEqual([1, 1])
  expect(db.revision).toBe(6)
  steps.dispose()
})

it('a step is one commit; there is an end on both sides', () => {
  const db = createDatabase()
  db.set(file, 'old', '')
  const steps = history(db)
  db.batch((tx) => {
    tx.set(file, 'a', 'A')
    tx.remove(file, 'old')
  })
  expect([steps.canUndo, steps.canRedo]).toEqual([true, false])
  expect([steps.undo(), steps.undo()]).toEqual([true, false])
  expect(db.keys(file)).toEqual(['old'])
  expect([steps.canUndo, steps.canRedo]).toEqual([false, true])
  expect([steps.redo(), steps.redo()]).toEqual([true, false])
  expect(db.keys(file)).toEqual(['a'])
})

it('a new commit forgets what was taken back; the oldest steps go beyond the limit', () => {
  const db = createDatabase()
  const steps = history(db, { limit: 3 })
  const seen: Steps[] = []
  let done = false
  steps.steps$.subscribe({ next: (state) => seen.push(state), complete: () => (done = true) })
  for (let i = 1; i <= 5; i++) db.set(x, i)
  expect(seen.at(-1)).toEqual({ undo: 3, redo: 0 })
  steps.undo()
  steps.undo()
  expect([db.get(x), seen.at(-1)]).toEqual([3, { undo: 1, redo: 2 }])
  db.set(x, 10)
  expect(seen.at(-1)).toEqual({ undo: 2, redo: 0 })
  expect(steps.redo()).toBe(false)
  steps.undo()
  steps.undo()
  expect([db.get(x), steps.undo()]).toEqual([2, false])
  steps.dispose()
  expect([seen.at(-1), done, steps.undo()]).toEqual([{ undo: 0, redo: 0 }, true, false])
  db.set(x, 11)
  expect(seen.at(-1)).toEqual({ undo: 0, redo: 0 })
})

it('[REV-5] what subscribers answer to an undo belongs to it, and can be redone after', () => {
  const db = createDatabase()
  const steps = history(db)
  const mirror = input<[], number>('mirror', { initial: 0 })
  db.set(x, 1)
  db.set(x, 2)
  db.observe(double).subscribe((value) => db.set(mirror, value))
  const before = steps.canRedo
  steps.undo()
  steps.undo()
  expect([before, db.get(x), db.get(mirror), steps.canRedo]).toEqual([false, 1, 2, true])
  steps.redo()
  expect([db.get(x), db.get(mirror)]).toEqual([2, 4])
})

it('[REV-5] a subscriber may ask for it while a commit is being told', () => {
  const db = createDatabase()
  const steps = history(db)
  const seen: number[] = []
  db.observe(double).subscribe((value) => {
    seen.push(value)
    if (value > 10) expect(steps.undo()).toBe(true)
  })
  db.set(x, 1)
  db.set(x, 6)
  expect(seen).toEqual([0, 2, 12, 2])
  expect([db.get(x), steps.canRedo]).toEqual([1, true])
  db.set(x, 2)
  expect([steps.undo(), db.get(x), steps.undo(), db.get(x), steps.undo()]).toEqual([true, 1, true, 0, false])
})

it('[REV-5] also while what it restores is being told', () => {
  const db = createDatabase()
  const steps = history(db)
  const seen: number[] = []
  for (const value of [1, 2, 6]) db.set(x, value)
  steps.undo()
  db.observe(double).subscribe((value) => {
    seen.push(value)
    if (value > 10) steps.undo()
  })
  expect(steps.redo()).toBe(true)
  expect(seen).toEqual([4, 12, 4])
  expect([steps.undo(), db.get(x), steps.undo(), db.get(x), steps.undo()]).toEqual([true, 1, true, 0, false])
  expect([steps.redo(), steps.redo(), db.get(x), steps.canRedo]).toEqual([true, true, 2, true])
})

it('[BAT-9] refused by a limit, it moves nothing', () => {
  const db = createDatabase({ limits: { stateBytes: 1000 } })
  const steps = history(db)
  db.set(file, 'a', 'a'.repeat(300))
  db.batch((tx) => {
    tx.remove(file, 'a')
    tx.set(file, 'b', 'b')
  })
  const other = interned<string>('other')
  const fill = (): void => {
    for (let i = 0; i < 100; i++) db.intern(other, `${i} ${'o'.repeat(100)}`)
  }
  expect(fill).toThrow(LimitExceededError)
  expect(() => steps.undo()).toThrow(LimitExceededError)
  expect([db.keys(file), steps.canUndo, steps.canRedo]).toEqual([['b'], true, false])
})

it('[IN-12] refused inside a query, it moves nothing', () => {
  const db = createDatabase()
  const steps = history(db)
  db.set(x, 1)
  const bad = derived('bad', () => steps.undo())
  expect(() => db.get(bad)).toThrow(WriteInQueryError)
  expect([db.get(x), steps.canUndo, steps.canRedo]).toEqual([1, true, false])
  expect([steps.undo(), db.get(x)]).toEqual([true, 0])
})

it('[CAN-8] ends with the database', async () => {
  const db = createDatabase()
  const steps = history(db)
  db.set(x, 1)
  const ends: string[] = []
  steps.steps$.subscribe({ complete: () => ends.push('complete') })
  db.close()
  await flush()
  expect([ends, steps.canUndo, steps.undo()]).toEqual([['complete'], false, false])
  expect(() => history(db)).toThrow(ClosedError)
  expect(() => history(createDatabase(), { limit: 1.5 })).toThrow(InvalidDefinitionError)
})

const stateOf = (db: Database): string => JSON.stringify([db.get(x), db.get(file, 'a'), db.get(file, 'b')])

it('[SNAP-10] random commits, undos and redos give the states of a list of states', async () => {
  await forSeeds(30, (random) => {
    const db = createDatabase()
    const limit = random.pick([2, 5, 100])
    const steps = history(db, { limit })
    const states = [stateOf(db)]
    let at = 0
    for (let i = 0; i < 60; i++) {
      const action = random.pick(['undo', 'redo', 'commit', 'commit'])
      if (action === 'undo') expect(steps.undo()).toBe(at > 0 && Boolean(at--))
      else if (action === 'redo') expect(steps.redo()).toBe(at < states.length - 1 && Boolean(++at))
      else {
        const before = db.revision
        const key = random.pick(['a', 'b'])
        const write = random.pick([() => db.set(x, random.int(5)), () => db.remove(file, key), () => db.set(file, key, String(random.int(3)))])
        write()
        if (db.revision !== before) {
          states.splice(++at, Infinity, stateOf(db))
          if (at > limit) {
            states.shift()
            at--
          }
        }
      }
      expect(stateOf(db)).toBe(states[at])
    }
  })
})
