/** Inputs and queries over them, in one place for the tests of what views share. Every run is noted. */
import { createDatabase, type Database, derived, input } from '../../src/index.js'

export const file = input<[path: string], string>('file')

/** The runs since the last `taken`. */
export const ran: string[] = []

export function taken(): string[] {
  return ran.splice(0)
}

export const size = derived('size', (q, path: string) => {
  ran.push(`size ${path}`)
  return q.get(file, path)?.length ?? -1
})

export const even = derived('even', (q, path: string) => {
  ran.push(`even ${path}`)
  return q.get(size, path) % 2 === 0
})

/** A database with two files, before any run. */
export function filled(): Database {
  ran.length = 0
  const db = createDatabase()
  db.set(file, 'a', 'x')
  db.set(file, 'b', 'yy')
  return db
}
