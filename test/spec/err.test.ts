/** Failures as outcomes: when they are kept, and when they are tried again. */
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, InvalidDefinitionError } from '../../src/index.js'
import { edges } from '../support/inspect.js'
import { number, risks } from '../support/risks.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

describe('a failure is an outcome', () => {
  it('[ERR-1] a second get at the same revision throws the same object without a run', async () => {
    const { ran, sync, later } = risks()
    const db = createDatabase()
    db.set(number, 'a', -1)
    const error = thrownBy(() => db.get(sync))
    expect(thrownBy(() => db.get(sync))).toBe(error)
    const rejection = await rejectionOf(db.get(later))
    expect(await rejectionOf(db.get(later))).toBe(rejection)
    expect(ran).toEqual(['sync', 'later'])
    expect([error, rejection]).toEqual([new Error('negative'), new Error('negative')])
  })

  it('[ERR-1] it has its dependencies and edges: a change of one leads to a run, and gives the good value', async () => {
    for (const errors of ['revision', 'dependencies'] as const) {
      const { sync, later } = risks(errors)
      const db = createDatabase()
      db.set(number, 'a', -1)
      thrownBy(() => db.get(sync))
      await rejectionOf(db.get(later))
      expect([edges(db, sync), edges(db, later)]).toEqual([['number(a)'], ['number(a)']])
      db.set(number, 'a', 1)
      expect([db.get(sync), await db.get(later)]).toEqual([1, 1])
    }
  })

  it('[ERR-2] a failure counts for its revision: a get at a later one runs again, once', async () => {
    const { ran, sync, later } = risks()
    const top = derived('top', async (q) => {
      ran.push('top')
      return q.get(sync) + (await q.get(later))
    })
    const db = createDatabase()
    db.set(number, 'a', -1)
    await rejectionOf(db.get(top))
    await rejectionOf(db.get(top))
    expect(ran.splice(0)).toEqual(['top', 'sync'])
    db.set(number, 'b', 1)
    expect(ran).toEqual([])
    await Promise.all([rejectionOf(db.get(top)), rejectionOf(db.get(top)), rejectionOf(db.get(later))])
    thrownBy(() => db.get(sync))
    expect(ran.splice(0).toSorted()).toEqual(['later', 'sync', 'top'])
  })

  it('[ERR-2] a passing failure is over at the next revision, though nothing it read has changed', async () => {
    let broken = true
    const fetched = derived('fetched', async (q) => {
      q.get(number, 'a')
      if (broken) throw new Error('offline')
      return 'data'
    })
    const top = derived('top', async (q) => q.get(fetched))
    const db = createDatabase()
    expect(await rejectionOf(db.get(top))).toEqual(new Error('offline'))
    broken = false
    expect(await rejectionOf(db.get(top))).toEqual(new Error('offline'))
    db.set(number, 'b', 1)
    expect(await db.get(top)).toBe('data')
  })

  it("[ERR-2] with errors: 'dependencies' it is kept until a dependency changes", async () => {
    const { ran, sync, later } = risks('dependencies')
    const db = createDatabase()
    db.set(number, 'a', -1)
    const error = thrownBy(() => db.get(sync))
    const rejection = await rejectionOf(db.get(later))
    for (let i = 1; i < 4; i++) {
      db.set(number, 'b', i)
      expect(thrownBy(() => db.get(sync))).toBe(error)
      expect(await rejectionOf(db.get(later))).toBe(rejection)
    }
    expect(ran).toEqual(['sync', 'later'])
    db.set(number, 'a', -2)
    thrownBy(() => db.get(sync))
    await rejectionOf(db.get(later))
    expect(ran).toEqual(['sync', 'later', 'sync', 'later'])
  })

  it('[ERR-2] any other word for how long failures are kept is refused', () => {
    for (const errors of ['dependency', '', null, true]) expect(thrownBy(() => derived('wrong', () => 1, { errors: errors as never }))).toBeInstanceOf(InvalidDefinitionError)
  })

  it("[ERR-2] errors: 'dependencies' above a query that is tried again: kept until that gives something else", async () => {
    let broken = true
    const ran: string[] = []
    const flaky = derived('flaky', () => {
      ran.push('flaky')
      if (broken) throw new Error('offline')
      return 1
    })
    const keeps = derived('keeps', (q) => [ran.push('keeps'), q.get(flaky)].at(-1), { errors: 'dependencies' })
    const db = createDatabase()
    thrownBy(() => db.get(keeps))
    db.set(number, 'b', 1)
    thrownBy(() => db.get(keeps))
    expect(ran).toEqual(['keeps', 'flaky'])
    broken = false
    expect(db.get(flaky)).toBe(1)
    expect(db.get(keeps)).toBe(1)
    expect(ran).toEqual(['keeps', 'flaky', 'flaky', 'keeps'])
  })
})
