/** Interned values in the log. */
import { describe, expect, it, vi } from 'vitest'
import { derived, input, interned, type InternedId } from '../../src/index.js'
import { LogError, MemoryPort, openDatabase } from '../../src/persist/index.js'
import { filesOf, portWith } from '../support/ports.js'

const symbol = interned<unknown>('symbol')
const file = input<[path: string], InternedId<unknown>>('file')
const definitions = [symbol, file]
const options = { definitions, saveOnClose: false, recovery: 'strict' } as const
const name = 'log-0000000000000001.pebre'

describe('interned values in the log', () => {
  it('[WAL-7 INT-5] are there before what uses them, at whatever byte the log is cut', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    const values: unknown[] = ['a', 1, -0, { b: [2n], a: new Date(5) }, 'c']
    const ids: InternedId<unknown>[] = []
    for (const value of values) {
      const id = db.intern(symbol, value)
      ids.push(id)
      await db.commit((tx) => tx.set(file, String(ids.length), id))
    }
    await db.close()
    const bytes = (await port.read(name)) as Uint8Array
    for (let length = 40; length <= bytes.length; length++) {
      const again = await openDatabase(await portWith({ [name]: bytes.slice(0, length) }), options)
      for (const key of again.keys(file)) {
        const id = again.get(file, key) as InternedId<unknown>
        expect([length, key, again.lookup(symbol, id)]).toEqual([length, key, values[Number(key) - 1] === 0 ? 0 : values[Number(key) - 1]])
      }
      await again.close()
    }
  })

  it('[INT-5 WAL-7] ids that no commit took along are written down all the same, and never stand for another value', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    const { revision } = db
    const one = db.intern(symbol, 'one')
    const two = db.snapshot().intern(symbol, { two: 2 })
    await db.flush()
    expect(db.revision).toBe(revision)
    const again = await openDatabase(await portWith(await filesOf(port)), options)
    expect([again.lookup(symbol, one), again.lookup(symbol, two), again.intern(symbol, 'one') === one, again.intern(symbol, { two: 2 }) === two, again.revision]).toEqual(['one', { two: 2 }, true, true, revision])
    expect([one, two]).not.toContain(again.intern(symbol, 'three'))
    await again.close()
    await db.close()
  })

  it('[INT-5] a later life that draws the same lineage gives no id twice', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    try {
      const port = new MemoryPort()
      const known = new Map<InternedId<unknown>, unknown>()
      for (let life = 0; life < 3; life++) {
        const db = await openDatabase(port, options)
        for (const value of [`a ${life}`, [life]]) known.set(db.intern(symbol, value), value)
        expect(known.size).toBe(2 * (life + 1))
        for (const [id, value] of known) expect(db.lookup(symbol, id)).toEqual(value)
        await db.close()
      }
    } finally {
      random.mockRestore()
    }
  })

  it('[INT-5 WAL-7 WAL-8] survive many lives, with and without a base', async () => {
    const port = new MemoryPort()
    const known = new Map<InternedId<unknown>, unknown>()
    for (let life = 0; life < 6; life++) {
      const db = await openDatabase(port, options)
      for (const [id, value] of known) expect([life, db.lookup(symbol, id), db.intern(symbol, value)]).toEqual([life, value, id])
      for (let n = 0; n < 3; n++) {
        const value = [life, n]
        const id = db.intern(symbol, value)
        expect(known.has(id)).toBe(false)
        known.set(id, value)
        if (n === 1) db.set(file, String(life), id)
      }
      if (life % 2 === 1) await db.compact()
      await db.close()
    }
  })

  it('[WAL-7] what a query interns is written down', async () => {
    const port = new MemoryPort()
    const first = derived('first', (q, text: string) => q.intern(symbol, text[0]))
    const with_ = { ...options, definitions: [...definitions, first] }
    const db = await openDatabase(port, with_)
    const id = db.get(first, 'xyz')
    await db.flush()
    const again = await openDatabase(await portWith(await filesOf(port)), with_)
    expect([again.lookup(symbol, id), again.get(first, 'xy') === id]).toEqual(['x', true])
    await again.close()
    await db.close()
  })

  it('[WAL-7] a definition that is not listed is refused, and nothing has an id', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    const other = interned<string>('other')
    expect(() => db.intern(other, 'x')).toThrow(LogError)
    await db.close()
    expect(await port.list()).toEqual([])
  })
})
