/** ofType: events of some types. */
import { expect, it } from 'vitest'
import { createDatabase, input, type RuntimeEvent } from '../../src/index.js'
import { ofType } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const level = input<[], number>('level', { initial: 0 })

it('[EVT-1] passes the events of its types, typed as such', () => {
  const db = createDatabase()
  const seen: unknown[] = []
  db.events$.pipe(ofType('inputSet')).subscribe(({ id, value }) => seen.push([id, value]))
  db.events$.pipe(ofType('inputRemoved', 'revisionBumped')).subscribe(({ type }) => seen.push(type))
  db.set(level, 2)
  db.remove(level)
  expect(seen).toEqual(['revisionBumped', ['level()', 2], 'revisionBumped', 'inputRemoved'])
})

it('events that come in time', () => {
  const event = (type: 'revisionBumped' | 'revisionSet'): RuntimeEvent => ({ type, sequence: 1, revision: 1, time: 0 })
  marbles(({ cold, expectObservable }) => {
    const values = { a: event('revisionBumped'), b: event('revisionSet') }
    expectObservable(cold('a-b-a|', values).pipe(ofType('revisionBumped'))).toBe('a---a|', values)
    expectObservable(cold('a-b-a|', values).pipe(ofType())).toBe('-----|')
  })
})
