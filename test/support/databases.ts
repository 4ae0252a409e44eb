/** Databases whose jobs are counted: after each test of the file there is none left. */
import { afterEach, expect } from 'vitest'
import { createDatabase, type Database, type DatabaseOptions } from '../../src/index.js'

export function countedDatabases(): (options?: DatabaseOptions) => Database {
  let made: Database[] = []
  afterEach(() => {
    const jobs = made.map((db) => db.stats().jobs)
    for (const db of made) db.close()
    made = []
    expect(jobs).toEqual(jobs.map(() => 0))
  })
  return (options) => {
    const db = createDatabase(options)
    made.push(db)
    return db
  }
}
