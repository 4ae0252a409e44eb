/** during: events of one revision. */
import { Stops } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, type RuntimeEvent } from '../../src/index.js'
import { during } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })

it('[EVT-5] passes the events of one revision', () => {
  const db = createDatabase()
  const seen: string[] = []
  db.events$.pipe(during(2)).subscribe(({ type }) => seen.push(type))
  for (const value of [2, 3, 4]) db.set(x, value)
  expect(seen).toEqual(['revisionBumped', 'inputSet'])
})

it('[BIND-1] a run belongs to the revision at which it was begun, however late it ends', async () => {
  const db = createDatabase()
  const stops = new Stops()
  const slow = derived('slow', async (q) => {
    const value = q.get(x)
    await stops.at('slow')
    return value
  })
  const seen: string[] = []
  db.events('run').pipe(during(1)).subscribe(({ type }) => seen.push(type))
  db.set(x, 2)
  const answer = db.get(slow)
  db.set(x, 3)
  await stops.openAll()
  expect(seen).toEqual(['queryStarted', 'queryComputed'])
  expect(await answer).toBe(2)
})

it('events that come in time', () => {
  marbles(({ cold, expectObservable }) => {
    const at = (revision: number): RuntimeEvent => ({ type: 'revisionBumped', sequence: 0, revision, time: 0 })
    expectObservable(cold('abab|', { a: at(1), b: at(2) }).pipe(during(2))).toBe('-b-b|', { b: at(2) })
  })
})
