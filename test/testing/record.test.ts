/** record: a compact log of events. */
import { record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'

const file = input<[path: string], string>('file', { initial: '' })
const other = input<[], number>('other')
const words = derived('words', (q, path: string) => {
  const text = q.get(file, path)
  if (text === 'bad') throw new Error('bad')
  return text.split(' ').length
})
const title = derived('title', (q, path: string) => `${q.get(words, path)} words`)

it('[EVT-4] records runs, and what else it is asked for', () => {
  const db = createDatabase()
  using log = record(db, 'run', 'validation')
  db.get(title, 'a.md')
  expect(log.take()).toEqual(['run title(a.md)', 'run words(a.md)'])
  db.set(file, 'a.md', 'word')
  db.get(title, 'a.md')
  expect(log.take()).toEqual(['run words(a.md)', 'same words(a.md)', 'keep title(a.md)'])
  db.set(file, 'a.md', 'bad')
  expect(() => db.get(words, 'a.md')).toThrow('bad')
  expect(log.take()).toEqual(['run words(a.md)', 'fail words(a.md)'])
})

it('[EVT-1] every category has its lines', () => {
  const db = createDatabase()
  const log = record(db, 'revision', 'input', 'invalidation', 'change', 'hit', 'snapshot')
  db.get(words, 'a.md')
  db.set(file, 'a.md', 'two words')
  db.get(words, 'a.md')
  db.get(words, 'a.md')
  db.set(other, 1)
  db.remove(other)
  db.snapshot()
  expect(log.take()).toEqual([
    'changed words(a.md)', 'revision 1', 'set file(a.md)', 'stale words(a.md)', 'changed words(a.md)', 'hit words(a.md)', 'revision 2', 'set other()', 'revision 3', 'remove other()',
    'snapshotCreated',
  ])
})

it('records from its start to its stop, runs by default', () => {
  const db = createDatabase()
  db.get(words, 'a.md')
  const log = record(db)
  db.get(words, 'b.md')
  log.stop()
  db.get(words, 'c.md')
  expect([log.take(), log.take()]).toEqual([['run words(b.md)'], []])
})
