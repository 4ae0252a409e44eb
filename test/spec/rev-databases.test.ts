/** Databases of one process: they share their definitions and nothing else. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'

const file = input<[path: string], string>('file')
const list = input<[], readonly string[]>('list')
const title = derived('title', (q, path: string) => q.get(file, path)?.split('\n')[0] ?? 'untitled')
const index = derived('index', (q) => q.keys(file).map((path) => q.get(title, path)).join())

describe('two databases', () => {
  it('[REV-8] share nothing, though their definitions are the same', () => {
    const [one, two] = [createDatabase(), createDatabase()]
    const [inOne, inTwo] = [record(one, 'revision', 'run'), record(two, 'revision', 'run')]
    one.set(file, 'a', 'one')
    one.get(index)
    expect([inOne.take(), inTwo.take()]).toEqual([['revision 1', 'run index()', 'run title(a)'], []])
    expect([two.revision, two.get(file, 'a'), two.keys(file), two.get(index), two.stats().runs]).toEqual([0, undefined, [], '', 1])
    one.close()
    expect([two.set(file, 'b', 'two'), two.get(index)]).toEqual([1, 'two'])
    expect(() => one.get(file, 'a')).toThrow('closed')
  })

  it('[REV-8] a body may read another database: nothing is recorded there, and neither disturbs the other', () => {
    const [one, two] = [createDatabase(), createDatabase()]
    const bridge = derived('bridge', (q) => `${q.get(title, 'a')} ${two.get(index)} ${q.get(title, 'b')}`)
    const log = record(one)
    one.set(file, 'a', 'A')
    two.set(file, 'x', 'X')
    expect([one.get(bridge), log.take()]).toEqual(['A X untitled', ['run bridge()', 'run title(a)', 'run title(b)']])
    two.set(file, 'x', 'Y')
    expect([one.get(bridge), log.take()]).toEqual(['A X untitled', []])
    one.set(file, 'b', 'B')
    expect([one.get(bridge), log.take()]).toEqual(['A Y B', ['run title(b)', 'run bridge()']])
  })

  it('[REV-8] delivery in one does not queue the writes of the other', () => {
    const [one, two] = [createDatabase(), createDatabase()]
    const seen: unknown[] = []
    one.events('input').subscribe(() => seen.push(two.set(file, 'a', '1'), two.revision, two.get(file, 'a')))
    one.set(file, 'a', '1')
    expect(seen).toEqual([1, 1, '1'])
  })

  it('[REV-8] what one refuses, freezes or forgets is nothing to the other', async () => {
    const twin = input<[path: string], string>('file')
    const [one, two] = [createDatabase({ limits: { nestedCommits: 0 } }), createDatabase({ freeze: false })]
    const refused = [one, two].map((db) => {
      const mine = ['x']
      db.set(list, mine)
      return Object.isFrozen(mine)
    })
    one.set(file, 'a', '1')
    expect([refused, two.set(twin, 'a', '2'), one.get(file, 'a'), two.get(twin, 'a')]).toEqual([[true, false], 2, '1', '2'])
    const slow = derived('slow', async (q) => (await Promise.resolve(), q.get(list)?.length))
    const pending = two.get(slow)
    one.close()
    expect([await pending, two.stats().jobs]).toEqual([1, 0])
  })
})
