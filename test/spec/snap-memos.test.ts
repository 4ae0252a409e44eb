/** Memos in snapshots: what was valid when the snapshot was taken is valid in it, whatever the head has done since. */
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, type View } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const other = input<[], number>('other')
const ran: string[] = []

const size = derived('size', (q, path: string) => {
  ran.push(`size ${path}`)
  return q.get(file, path)?.length ?? 0
})
const even = derived('even', (q, path: string) => {
  ran.push(`even ${path}`)
  return q.get(size, path) % 2 === 0
})
const slow = derived('slow', async (q, path: string) => {
  ran.push(`slow ${path}`)
  await Promise.resolve()
  return `${q.get(file, path)}/${q.get(even, path)}`
})
const slower = derived('slower', async (q, path: string) => {
  ran.push(`slower ${path}`)
  return `<${await q.get(slow, path)}>`
})
const deep = derived('deep', (q, depth: number): string => {
  ran.push(`deep ${depth}`)
  return depth === 0 ? (q.get(file, 'a') ?? '') : `${q.get(deep, depth - 1)}'`
})
const names = derived('names', (q) => {
  ran.push('names')
  return `${q.keys(file).join()}:${q.entries(file).size}`
})

function taken(): string[] {
  return ran.splice(0)
}

function filled(): Database {
  ran.length = 0
  const db = createDatabase()
  db.set(file, 'a', 'x')
  db.set(file, 'b', 'yy')
  return db
}

describe('memos valid when the snapshot was taken', () => {
  it('[SNAP-4] are valid in it with no run, also after the head has recomputed the cell', async () => {
    const db = filled()
    const read = async (view: View): Promise<unknown[]> => [view.get(size, 'a'), view.get(even, 'a'), await view.get(slow, 'a'), await view.get(slower, 'a'), view.get(deep, 20), view.get(names)]
    const before = await read(db)
    const untouched = db.snapshot()
    taken()
    expect([await read(untouched), taken()]).toEqual([before, []])
    const snapshot = db.snapshot()
    for (const text of ['xx', 'xxx', 'x!']) {
      db.set(file, 'a', text)
      db.set(file, text, 'new')
      await read(db)
    }
    expect(taken().length).toBeGreaterThan(60)
    expect([await read(snapshot), taken()]).toEqual([before, []])
    expect(snapshot.get(slower, 'a')).toBe(snapshot.get(slower, 'a'))
  })

  it('[SNAP-4] each of many snapshots keeps those of its own revision', () => {
    const db = filled()
    const held = Array.from({ length: 10 }, (_, i) => {
      db.set(file, 'a', 'x'.repeat(i + 1))
      db.get(even, 'a')
      return db.snapshot()
    })
    db.set(file, 'a', '')
    db.get(even, 'a')
    taken()
    expect([held.map((snapshot) => snapshot.get(size, 'a')), taken()]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], []])
    expect([held.toReversed().map((snapshot) => snapshot.get(even, 'a')), taken()]).toEqual([[true, false, true, false, true, false, true, false, true, false], []])
  })

  it('[SNAP-4] also those that were computed long before, and not read since', () => {
    const db = filled()
    db.get(even, 'a')
    for (let i = 0; i < 5; i++) db.set(other, i)
    const snapshot = db.snapshot()
    for (let i = 5; i < 10; i++) db.set(other, i)
    db.set(file, 'a', 'xx')
    db.set(other, 99)
    db.get(even, 'a')
    taken()
    expect([snapshot.get(even, 'a'), snapshot.get(size, 'a'), taken()]).toEqual([false, 1, []])
  })

  it('[SNAP-4 VAL-1] one that a cutoff makes valid: only what really changed runs', () => {
    const db = filled()
    db.get(even, 'a')
    db.set(file, 'a', 'z')
    const snapshot = db.snapshot()
    db.set(file, 'a', 'zz')
    db.get(even, 'a')
    taken()
    expect([snapshot.get(even, 'a'), taken()]).toEqual([false, ['size a']])
    expect([snapshot.get(even, 'a'), snapshot.get(size, 'a'), taken()]).toEqual([false, 1, []])
  })

  it('[SNAP-4] an outcome stays one when it is a failure, or holds for this revision only', () => {
    let time = 1
    const now = derived('now', (q) => {
      ran.push('now')
      q.volatile()
      return time
    })
    const fails = derived('fails', (q) => {
      ran.push('fails')
      throw new Error(q.get(file, 'a'))
    })
    const db = filled()
    const error = thrownBy(() => db.get(fails))
    expect(db.get(now)).toBe(1)
    const snapshot = db.snapshot()
    time = 2
    db.set(file, 'a', 'new')
    thrownBy(() => db.get(fails))
    expect(db.get(now)).toBe(2)
    taken()
    expect(thrownBy(() => snapshot.get(fails))).toBe(error)
    expect([snapshot.get(now), taken()]).toEqual([1, []])
  })

  it('[SNAP-4 JOB-3] one that is still being computed when the snapshot is taken', async () => {
    const opened = gate()
    const waits = derived('waits', async (q) => {
      ran.push('waits')
      const before = q.get(file, 'a')
      await opened.promise
      return `${before}${q.get(file, 'b')}`
    })
    const db = filled()
    const inHead = db.get(waits)
    const snapshot = db.snapshot()
    const inSnapshot = snapshot.get(waits)
    db.set(file, 'b', 'changed')
    const later = db.get(waits)
    opened.open()
    expect([await inHead, await inSnapshot, await later]).toEqual(['xyy', 'xyy', 'xchanged'])
    expect([taken().length, await snapshot.get(waits), taken()]).toEqual([2, 'xyy', []])
  })

  it('[SNAP-4] what a snapshot computed itself stays valid in it, and in snapshots of it', async () => {
    const db = filled()
    const snapshot = db.snapshot()
    db.set(file, 'a', 'head')
    expect([snapshot.get(even, 'a'), await snapshot.get(slower, 'a'), taken()]).toEqual([false, '<x/false>', ['even a', 'size a', 'slower a', 'slow a']])
    db.get(even, 'a')
    db.set(file, 'a', 'again')
    db.get(even, 'a')
    const below = snapshot.snapshot()
    taken()
    expect([snapshot.get(even, 'a'), below.get(even, 'a'), await below.get(slower, 'a'), taken()]).toEqual([false, false, '<x/false>', []])
  })

  it('[SNAP-4 SNAP-2] after its first write, what the write does not reach is still valid', async () => {
    const db = filled()
    for (const path of ['a', 'b']) await db.get(slower, path)
    const snapshot = db.snapshot()
    db.set(file, 'a', 'head')
    db.set(file, 'b', 'head')
    for (const path of ['a', 'b']) await db.get(slower, path)
    taken()
    snapshot.set(file, 'b', 'zz')
    expect([await snapshot.get(slower, 'a'), taken()]).toEqual(['<x/false>', []])
    expect([await snapshot.get(slower, 'b'), taken()]).toEqual(['<zz/true>', ['slow b', 'size b', 'slower b']])
    const below = snapshot.snapshot()
    snapshot.set(file, 'b', 'z')
    await snapshot.get(slower, 'b')
    taken()
    expect([await below.get(slower, 'b'), await below.get(slower, 'a'), taken()]).toEqual(['<zz/true>', '<x/false>', []])
  })

  it('[SNAP-4] a random history: what was read right before a snapshot never runs in it', async () => {
    await forSeeds(25, async (random) => {
      const db = filled()
      const held: { readonly view: View; readonly values: readonly string[] }[] = []
      const paths = ['a', 'b', 'c']
      const read = async (view: View): Promise<string[]> => [...await Promise.all(paths.map((path) => view.get(slower, path))), view.get(deep, 5), view.get(names)]
      for (let turn = 0; turn < 25; turn++) {
        const step = random.int(10)
        if (step < 5) db.set(file, random.pick(paths), 'x'.repeat(random.int(4)))
        else if (step < 7) db.remove(file, random.pick(paths))
        else if (step < 9) held.push({ values: await read(db), view: db.snapshot() })
        else await read(db)
        taken()
        for (const { view, values } of held) {
          if (random.chance(0.3)) expect([await read(view), taken()]).toEqual([values, []])
        }
      }
    })
  })
})
