/** The log: what was committed is there again. */
import { describe, expect, it } from 'vitest'
import { derived, input, LimitExceededError, type RuntimeEvent } from '../../src/index.js'
import { LogError, LockedError, MemoryPort, openDatabase, UnsupportedValueError } from '../../src/persist/index.js'
import { Disk, filesOf, inputsOf, portWith } from '../support/ports.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], unknown>('file')
const pair = input<[a: unknown, b: unknown], unknown>('pair')
const title = input<[], string>('title', { initial: 'none' })
const close = input<[], number>('close', { equals: (a, b) => Math.abs(a - b) < 2 })
const definitions = [file, pair, title, close]
const kept = { definitions, saveOnClose: false } as const


describe('the log', () => {
  it('[WAL-1 WAL-11] sets, removals, updates and batches are there after reopening', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, kept)
    db.set(file, 'a', { text: 'A', zero: -0, list: [1n, undefined] })
    db.set(file, 'b', undefined)
    db.batch((tx) => {
      tx.set(pair, { x: 1 }, 'y', new Map([[1, new Set([NaN])]]))
      tx.set(title, 'given')
      tx.remove(file, 'a')
    })
    db.update(title, (old) => `${old}!`)
    db.replaceAll(file, [['c', 1], ['__proto__', 2]])
    const before = inputsOf(db, definitions)
    const { revision } = db
    await db.close()
    const again = await openDatabase(port, kept)
    expect(again.report.log).toEqual({ replayed: 5, torn: null, damaged: null, skipped: [], dropped: 0 })
    expect(inputsOf(again, definitions)).toBe(before)
    expect(again.get(pair, { x: 1 }, 'y')).toEqual(new Map([[1, new Set([NaN])]]))
    expect(again.revision).toBeGreaterThanOrEqual(revision)
    expect(again.has(file, 'b')).toBe(false)
    await again.close()
  })

  it('[WAL-1] an input with its own equality shows what it showed, step by step', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, kept)
    for (const value of [0, 10, 1]) db.set(close, value)
    db.set(close, 2)
    expect(db.get(close)).toBe(1)
    await db.close()
    const again = await openDatabase(port, kept)
    expect(again.get(close)).toBe(1)
    await again.close()
  })

  it('[WAL-1 WAL-6] random histories over many reopenings equal the live state', async () => {
    await forSeeds(30, async (random) => {
      const port = new MemoryPort()
      let db = await openDatabase(port, kept)
      for (let round = 0; round < 6; round++) {
        for (let i = random.int(20); i > 0; i--) {
          const key = `k${random.int(6)}`
          const act = random.int(5)
          if (act === 0) db.remove(file, key)
          else if (act === 1) db.batch((tx) => {
            for (let n = random.int(4); n > 0; n--) tx.set(file, `k${random.int(6)}`, [random.int(3)])
            tx.set(title, String(random.int(2)))
          })
          else if (act === 2) db.remove(title)
          else db.set(pair, [random.int(3)], { b: key }, random.int(4))
          if (random.chance(0.2)) await db.flush()
        }
        const before = inputsOf(db, definitions)
        await db.close()
        db = await openDatabase(port, kept)
        expect(inputsOf(db, definitions)).toBe(before)
      }
      await db.close()
    })
  })

  it('[WAL-6] N commits write N frames, at whatever moment they come, and reopening goes on in the same file', async () => {
    const port = new MemoryPort()
    let db = await openDatabase(port, kept)
    const sizes: number[] = []
    for (let i = 0; i < 5; i++) {
      await db.commit((tx) => tx.set(file, 'a', i))
      sizes.push((await port.size('log-0000000000000001.pebre')) ?? 0)
    }
    const grown = sizes.slice(1).map((size, i) => size - (sizes[i] as number))
    expect(new Set(grown.slice(1)).size).toBe(1)
    await db.close()
    db = await openDatabase(port, kept)
    db.set(file, 'a', 'x')
    db.set(file, 'a', 'x')
    db.set(file, 'a', 'y')
    expect(db.storage.commits).toBe(7)
    await db.close()
    db = await openDatabase(port, kept)
    expect({ files: await port.list(), replayed: db.report.log.replayed, value: db.get(file, 'a') }).toEqual({ files: ['log-0000000000000001.pebre'], replayed: 7, value: 'y' })
    await db.close()
  })

  it('[WAL-6 WAL-11] commits, and the end, at any moment while the one before is being written', async () => {
    for (let steps = 0; steps < 40; steps++) {
      for (const isEnded of [true, false]) {
        const port = new MemoryPort()
        const db = await openDatabase(port, { definitions })
        db.set(file, 'a', steps)
        for (let step = 0; step < steps; step++) await Promise.resolve()
        if (!isEnded) await db.commit((tx) => tx.set(file, 'b', steps))
        await db.close()
        const again = await openDatabase(port, kept)
        expect([again.get(file, 'a'), again.get(file, 'b')]).toEqual([steps, isEnded ? undefined : steps])
        await again.close()
      }
    }
  })

  it('[WAL-6] a second writer is refused until the first has closed', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, kept)
    await expect(openDatabase(port, kept)).rejects.toThrow(LockedError)
    await db.close()
    await (await openDatabase(port, kept)).close()
  })

  it('[WAL-9] commits that wait together share one sync, and resolve after it', async () => {
    const port = new Disk()
    const calls: string[] = []
    port.before = (step) => {
      calls.push(step)
    }
    const db = await openDatabase(port, kept)
    const told: string[] = []
    const commits = ['a', 'b', 'c'].map(async (key) => {
      await db.commit((tx) => tx.set(file, key, 1), { durable: true })
      told.push(`${key} after ${calls.join(' ')}`)
    })
    expect(db.get(file, 'c')).toBe(1)
    await Promise.all(commits)
    expect(told).toEqual(['a after append sync', 'b after append sync', 'c after append sync'])
    await db.commit((tx) => tx.set(file, 'a', 2))
    expect(calls).toEqual(['append', 'sync', 'append'])
    await db.flush()
    expect(calls).toEqual(['append', 'sync', 'append', 'sync'])
    await db.close()
  })

  it('[WAL-9] a database opened as durable syncs each group', async () => {
    const port = new MemoryPort()
    let syncs = 0
    port.sync = async () => {
      syncs++
    }
    const db = await openDatabase(port, { ...kept, durable: true })
    for (let i = 0; i < 3; i++) await db.commit((tx) => tx.set(file, 'a', i))
    expect(syncs).toBe(3)
    await db.close()
  })

  it('[WAL-9] a commit made by a subscriber resolves when its own commit is safe', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, kept)
    let inner: Promise<number> | undefined
    db.node(file, 'a').subscribe((value) => {
      if (value === 1) inner = db.commit((tx) => tx.set(file, 'b', 'answer'), { durable: true })
    })
    db.set(file, 'a', 1)
    expect(await inner).toBe(2)
    const copy = await openDatabase(await portWith(await filesOf(port)), kept)
    expect(copy.get(file, 'b')).toBe('answer')
    await copy.close()
    await db.close()
  })

  it('[WAL-9 BAT-4] a commit inside a batch resolves when the batch is safe, and rejects with what discards it', async () => {
    const port = new Disk()
    const calls: string[] = []
    port.before = (step) => {
      calls.push(step)
    }
    const db = await openDatabase(port, { ...kept, limits: { stateBytes: 1000 } })
    const commit = (key: string) => db.commit((tx) => tx.set(file, key, 1), { durable: true }).then((revision) => `${key} at ${revision} after ${calls.join(' ')}`, (error: unknown) => error)
    const undo = new Error('undo')
    const inner: Promise<unknown>[] = []
    const discarded = (key: string) => thrownBy(() => db.batch(() => {
      inner.push(commit(key))
      throw undo
    }))
    expect(discarded('a')).toBe(undo)
    expect(await inner[0]).toBe(undo)
    const refusal = thrownBy(() => db.batch((tx) => {
      inner.push(commit('a'))
      tx.set(file, 'b', 'x'.repeat(2000))
    }))
    expect(refusal).toBeInstanceOf(LimitExceededError)
    expect(await inner[1]).toBe(refusal)
    expect([db.storage.commits, db.revision, calls]).toEqual([0, 0, []])
    db.batch(() => {
      inner.push(commit('a'))
      expect(discarded('b')).toBe(undo)
      inner.push(commit('c'))
    })
    expect(await Promise.all(inner.slice(2))).toEqual(['a at 1 after append sync', undo, 'c at 1 after append sync'])
    expect([db.keys(file), db.storage.commits]).toEqual([['a', 'c'], 1])
    // In answer to a commit, the batch holds later.
    db.node(file, 'a').subscribe((value) => {
      if (value === 2) db.batch(() => inner.push(commit('d')))
    })
    db.set(file, 'a', 2)
    expect(await inner[5]).toMatch(/^d at 3 after append sync append/)
    expect([db.get(file, 'd'), db.storage.commits]).toEqual([1, 3])
    await db.close()
  })

  it('[WAL-9] a write error breaks the log, is told once, and the database goes on', async () => {
    const port = new MemoryPort()
    const told: unknown[] = []
    const db = await openDatabase(port, { ...kept, onUnhandledError: (error) => told.push(error) })
    await db.commit((tx) => tx.set(file, 'a', 1))
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    port.append = () => Promise.reject(full)
    db.set(file, 'a', 2)
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 3; i < 9; i++) db.set(file, 'a', i)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([expect.any(LogError)])
    expect(told[0]).toMatchObject({ code: 'broken', cause: { operation: 'append', isFull: true, cause: full } })
    expect(db.get(file, 'a')).toBe(8)
    await expect(db.flush()).rejects.toBe(told[0])
    await expect(db.commit((tx) => tx.set(file, 'a', 9), { durable: true })).rejects.toBe(told[0])
    expect({ value: db.get(file, 'a'), broken: db.storage.broken }).toEqual({ value: 9, broken: told[0] })
    port.write = () => Promise.reject(full)
    await expect(db.close()).rejects.toMatchObject({ code: 'storage', cause: { isFull: true, cause: full } })
    const again = await openDatabase(await portWith(await filesOf(port)), kept)
    expect(again.get(file, 'a')).toBe(1)
    await again.close()
  })

  it('[WAL-9] who waits for a commit that cannot be written is told', async () => {
    const port = new MemoryPort()
    const told: unknown[] = []
    const db = await openDatabase(port, { ...kept, onUnhandledError: (error) => told.push(error) })
    port.sync = () => Promise.reject(new Error('the disk is gone'))
    const results = await Promise.allSettled([1, 2].map((value) => db.commit((tx) => tx.set(file, `${value}`, value), { durable: true })))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(told).toEqual([])
    await db.close().catch(() => undefined)
  })

  it('[WAL-2 PER-18] a commit that cannot be written is refused whole, and changes nothing', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, kept)
    db.set(file, 'a', 1)
    expect(() => db.batch((tx) => {
      tx.set(file, 'a', 2)
      tx.set(file, 'b', { deep: [() => 1] })
    })).toThrow(UnsupportedValueError)
    expect(() => db.set(input<[], number>('other'), 1)).toThrow(/"?other"? is not among the definitions/)
    expect({ a: db.get(file, 'a'), b: db.has(file, 'b'), revision: db.revision, commits: db.storage.commits }).toEqual({ a: 1, b: false, revision: 1, commits: 1 })
    await db.close()
  })

  it('[WAL-1 REV-4] a query that was invalidated is invalid after replay too', async () => {
    const port = new MemoryPort()
    const runs: string[] = []
    const outer = derived('outer', (q, path: string) => {
      runs.push(path)
      return q.get(file, path)
    })
    const options = { ...kept, definitions: [...definitions, outer] }
    const db = await openDatabase(port, options)
    db.get(outer, 'a')
    await db.compact()
    db.invalidate(outer, 'a')
    await db.flush()
    const again = await openDatabase(await portWith(await filesOf(port)), options)
    expect([runs, again.report.log.replayed]).toEqual([['a'], 1])
    again.get(outer, 'a')
    expect(runs).toEqual(['a', 'a'])
    await db.close()
    await again.close()
  })

  it('[WAL-1 WAL-9] what is committed or waited for while the last append ends is not forgotten, at whatever moment', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    const count = input<[], number>('count')
    for (let moment = 0; moment < 30; moment++) {
      for (const waits of [false, true]) {
        const port = new MemoryPort()
        const db = await openDatabase(port, { definitions: [count] })
        db.set(count, 1)
        for (let i = 0; i < moment; i++) await Promise.resolve()
        let safe = false
        if (waits) void db.flush().then(() => (safe = true))
        else db.set(count, 2)
        for (let i = 0; i < 3; i++) await turn()
        const after = await openDatabase(await portWith(await filesOf(port)), { definitions: [count] })
        expect([moment, safe, after.get(count)]).toEqual([moment, waits, waits ? 1 : 2])
        await Promise.all([db.close(), after.close()])
      }
    }
  })

  it('[EVT-4] tells what was appended to whoever asks for it', async () => {
    const db = await openDatabase(new MemoryPort(), kept)
    const events: RuntimeEvent[] = []
    db.events('storage').subscribe((event) => events.push(event))
    db.set(file, 'a', 1)
    db.set(file, 'a', 2)
    await db.flush()
    expect(events).toMatchObject([{ type: 'walAppended', commits: 2, upTo: 2 }])
    await db.close()
  })
})

describe('a long log', () => {
  it('[WAL-10] is read a piece at a time: as many bytes as it has, and no piece larger than its largest frame', { timeout: 60_000 }, async () => {
    const counts = [2_000, 20_000]
    const reads: { bytes: number; largest: number; size: number }[] = []
    for (const count of counts) {
      const port = new MemoryPort()
      const db = await openDatabase(port, kept)
      for (let n = 0; n < count; n++) db.set(file, `k${n % 10}`, { n, text: 'x'.repeat(80) })
      db.set(file, 'long', 'y'.repeat(600_000))
      db.set(file, 'last', true)
      await db.close()
      let bytes = 0
      let largest = 0
      const { read } = MemoryPort.prototype as { read: (this: MemoryPort, ...args: Parameters<MemoryPort['read']>) => ReturnType<MemoryPort['read']> }
      port.read = async (...args) => {
        const piece = await read.apply(port, args)
        bytes += piece?.length ?? 0
        largest = Math.max(largest, piece?.length ?? 0)
        return piece
      }
      const again = await openDatabase(port, kept)
      expect([again.report.log.replayed, again.get(file, 'last'), again.get(file, `k${(count - 1) % 10}`)]).toEqual([count + 2, true, { n: count - 1, text: 'x'.repeat(80) }])
      reads.push({ bytes, largest, size: (await port.size('log-0000000000000001.pebre')) ?? 0 })
      await again.close()
    }
    for (const { bytes, largest, size } of reads) {
      expect(bytes).toBeLessThan(size * 1.5 + 2 ** 20)
      expect(largest).toBeLessThan(700_000)
    }
  })
})
