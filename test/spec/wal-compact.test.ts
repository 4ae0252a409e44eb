/** Compaction: at every step, while writes go on, and on disks that fail. */
import { type Random, random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { MemoryPort, openDatabase, type OpenedDatabase } from '../../src/persist/index.js'
import { Crash, Disk, filesOf, inputsOf, portWith } from '../support/ports.js'
import { forSeeds } from '../support/random.js'

const slot = input<[key: number], { value: number; text: string }>('slot')
const count = input<[], number>('count', { initial: 0 })
const definitions = [slot, count]
const options = { definitions, saveOnClose: false, recovery: 'strict' } as const

/** The n-th commit: a batch, so that a part of it would show. */
function commitNumber(db: OpenedDatabase, n: number, durable: boolean): Promise<number> {
  return db.commit((tx) => {
    tx.set(count, n)
    tx.set(slot, n % 5, { value: n, text: 'x'.repeat(n % 50) })
    if (n % 3 === 0) tx.remove(slot, (n + 1) % 5)
  }, { durable })
}

const states = (async (): Promise<string[]> => {
  const db = await openDatabase(new MemoryPort(), options)
  const made = [inputsOf(db, definitions)]
  for (let n = 1; n <= 40; n++) {
    await commitNumber(db, n, false)
    made.push(inputsOf(db, definitions))
  }
  await db.close()
  return made
})()

interface Run {
  /** The last commit that was acknowledged as durable, and the last one that was made. */
  acknowledged: number
  made: number
}

/** Commits, compacts in the middle and again, and closes; stops at the first failure. */
async function work(disk: Disk, run: Run): Promise<void> {
  const db = await openDatabase(disk, { ...options, onUnhandledError: () => {} })
  const commit = async (durable: boolean): Promise<void> => {
    const n = ++run.made
    const done = commitNumber(db, n, durable)
    await done
    if (durable) run.acknowledged = n
  }
  try {
    for (const durable of [true, false, false, true]) await commit(durable)
    const compaction = db.compact()
    compaction.catch(() => undefined)
    for (const durable of [false, true]) await commit(durable)
    await compaction
    for (const durable of [false, true, false]) await commit(durable)
    await Promise.all([db.compact(), commit(false), commit(true)])
    await commit(false)
    await db.flush()
    run.acknowledged = run.made
  } finally {
    await db.close()
  }
}

async function expectPrefix(disk: Disk, { acknowledged, made }: Run, what: unknown): Promise<void> {
  const db = await openDatabase(disk, options)
  const n = db.get(count)
  const state = inputsOf(db, definitions)
  expect({ what, n, state, enough: n >= acknowledged, notMore: n <= made }).toEqual({ what, n, state: (await states)[n], enough: true, notMore: true })
  await commitNumber(db, n + 1, true)
  await db.close()
  const again = await openDatabase(disk, options)
  expect({ what, state: inputsOf(again, definitions) }).toEqual({ what, state: (await states)[n + 1] })
  await again.close()
}

describe('compaction', () => {
  it('[WAL-8] replaces the log by a base, and what is written meanwhile is kept', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    for (let n = 1; n <= 3; n++) await commitNumber(db, n, false)
    const compaction = db.compact()
    for (let n = 4; n <= 6; n++) void commitNumber(db, n, false)
    await compaction
    await db.flush()
    expect((await port.list()).toSorted()).toEqual(['base.pebre', 'log-0000000000000004.pebre'])
    await db.close()
    const again = await openDatabase(port, options)
    expect({ base: again.report.base.loaded, replayed: again.report.log.replayed, state: inputsOf(again, definitions) }).toEqual({ base: true, replayed: 3, state: (await states)[6] })
    await again.close()
  })

  it('[WAL-8 WAL-3] the base is of the moment of the call: commits made in the same turn stay in the log, whose tail may be torn', async () => {
    const log = 'log-0000000000000002.pebre'
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    const stateOf: string[] = []
    const commit = (n: number): void => {
      db.batch((tx) => {
        tx.set(count, n)
        tx.set(slot, n, { value: n, text: '' })
      })
      stateOf.push(inputsOf(db, definitions))
    }
    commit(1)
    const compaction = db.compact()
    commit(2)
    commit(3)
    await compaction
    await db.close()
    const { 'base.pebre': base, [log]: frames } = await filesOf(port)
    const reopened = async (bytes: Uint8Array): Promise<string> => {
      const again = await openDatabase(await portWith({ 'base.pebre': base as Uint8Array, [log]: bytes }), options)
      const state = inputsOf(again, definitions)
      await again.close()
      return state
    }
    const whole = frames as Uint8Array
    expect(await Promise.all([whole, whole.slice(0, -1), new Uint8Array(0)].map(reopened))).toEqual(stateOf.toReversed())
  })

  it('[WAL-8 WAL-11] happens by itself when the log has grown', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, { ...options, compactAt: 2000 })
    for (let n = 1; n <= 40; n++) await commitNumber(db, n, false)
    await db.close()
    const files = await filesOf(port)
    expect(Object.keys(files)[0]).toBe('base.pebre')
    expect(Object.values(files).every(({ length }) => length < 4000)).toBe(true)
    const again = await openDatabase(port, options)
    expect({ few: again.report.log.replayed < 40, state: inputsOf(again, definitions) }).toEqual({ few: true, state: (await states)[40] })
    await again.close()
  })

  it('[WAL-8 PER-14] a crash at any step leaves a prefix of the commits with all that was acknowledged', { timeout: 60_000 }, async () => {
    const whole = new Disk()
    await work(whole, { acknowledged: 0, made: 0 })
    const steps = whole.steps.length
    expect(new Set(whole.steps.map(({ step }) => step))).toEqual(new Set(['append', 'sync', 'write', 'remove']))
    for (let at = 1; at <= steps; at++) {
      for (let seed = 0; seed < 6; seed++) {
        const run = { acknowledged: 0, made: 0 }
        const disk = new Disk()
        disk.before = (step, name, number) => {
          if (number === at) throw new Crash(`${step} ${name}`)
        }
        await work(disk, run).catch(() => undefined)
        await expectPrefix(disk.remains(choices(random(seed), seed)), run, { at, seed, step: whole.steps[at - 1] })
      }
    }
  })

  it('[WAL-8 WAL-9 PER-15] a disk that is full at any step: typed errors, and nothing acknowledged is lost', { timeout: 60_000 }, async () => {
    const whole = new Disk()
    await work(whole, { acknowledged: 0, made: 0 })
    for (let at = 1; at <= whole.steps.length; at++) {
      for (const lasting of [false, true]) {
        const run = { acknowledged: 0, made: 0 }
        const disk = new Disk()
        disk.before = (step, _name, number) => {
          if (lasting ? number >= at && step !== 'remove' : number === at) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
        }
        const error: unknown = await work(disk, run).then(() => null, (reason: unknown) => reason)
        if (error !== null) expect(['LogError', 'StorageError', 'CacheError']).toContain((error as Error).name)
        disk.before = () => {}
        await expectPrefix(disk.remains(choices(random(at), 2)), run, { at, lasting, step: whole.steps[at - 1] })
      }
    }
  })

  it('[WAL-8 WAL-9] mends a broken log', async () => {
    const disk = new Disk()
    const db = await openDatabase(disk, { ...options, onUnhandledError: () => {} })
    await commitNumber(db, 1, true)
    disk.before = (step) => {
      if (step === 'append') throw new Error('not now')
    }
    await expect(commitNumber(db, 2, true)).rejects.toMatchObject({ code: 'broken' })
    disk.before = () => {}
    await expect(commitNumber(db, 3, true)).rejects.toMatchObject({ code: 'broken' })
    const compaction = db.compact()
    const later = commitNumber(db, 4, true)
    await compaction
    await later
    expect(db.storage.broken).toBe(null)
    await commitNumber(db, 5, true)
    await expectPrefix(disk.remains(() => 0), { acknowledged: 5, made: 5 }, 'mended')
    await db.close()
  })

  it('[WAL-9 WAL-11 WAL-8] mends a log whose new segment was begun, in part or without being made safe', async () => {
    for (const failing of ['append', 'sync'] as const) {
      const disk = new Disk()
      const db = await openDatabase(disk, { ...options, onUnhandledError: () => {} })
      let failures = 0
      disk.before = (step, name) => {
        if (step !== failing || name !== 'log-0000000000000002.pebre' || failures > 0) return
        failures++
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      }
      const first = commitNumber(db, 1, true)
      const compaction = db.compact()
      await Promise.allSettled([first, compaction])
      expect([failing, failures, db.storage.broken?.code]).toEqual([failing, 1, 'broken'])
      await db.compact()
      expect(db.storage.broken).toBe(null)
      await commitNumber(db, 2, true)
      await commitNumber(db, 3, true)
      await expectPrefix(disk.remains(() => 0), { acknowledged: 3, made: 3 }, failing)
      await db.close()
    }
  })

  it('[WAL-9 WAL-11 WAL-8] whatever step has failed, once, compact() mends the log, and what is acknowledged from then on is kept', { timeout: 60_000 }, async () => {
    const broke = new Set<string>()
    for (const meanwhile of [0, 2]) {
      for (let at = 1, steps = 1; at <= steps; at++) {
        const disk = new Disk()
        const db = await openDatabase(disk, { ...options, onUnhandledError: () => {} })
        let made = 0
        const commit = (durable: boolean): Promise<number> => commitNumber(db, ++made, durable)
        let failed = ''
        disk.before = (step, name, number) => {
          if (number !== at) return
          failed = `${step} ${name}`
          throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
        }
        const under: Promise<unknown>[] = [commit(true), db.compact()]
        for (let i = 0; i < meanwhile; i++) under.push(commit(i > 0))
        await Promise.allSettled(under)
        if (db.storage.broken !== null) broke.add(failed.slice(0, failed.indexOf(' ')))
        await Promise.allSettled(meanwhile > 0 ? [db.compact(), commit(true), db.compact()] : [db.compact()])
        steps = Math.max(steps, disk.steps.length)
        disk.before = () => {}
        await db.compact()
        expect({ meanwhile, at, failed, broken: db.storage.broken }).toEqual({ meanwhile, at, failed, broken: null })
        for (const durable of [true, true]) await commit(durable)
        await expectPrefix(disk.remains(() => 0), { acknowledged: made, made }, { meanwhile, at, failed })
        await db.close()
      }
    }
    expect(broke).toEqual(new Set(['append', 'sync']))
  })

  it('[WAL-8 WAL-9] that fails leaves the log as it was, says so, and is tried again later', async () => {
    const disk = new Disk()
    const told: unknown[] = []
    const db = await openDatabase(disk, { ...options, compactAt: 1000, onUnhandledError: (error) => told.push(error) })
    disk.before = (step) => {
      if (step === 'write') throw new Error('no')
    }
    let n = 0
    while (told.length === 0) {
      await commitNumber(db, ++n, true)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(told).toMatchObject([{ name: expect.stringMatching(/StorageError|CacheError/) as string }])
    await expect(db.compact()).rejects.toThrow('no')
    await commitNumber(db, ++n, true)
    disk.before = () => {}
    while (!(await disk.list()).includes('base.pebre')) {
      await commitNumber(db, ++n, true)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(told.length).toBe(1)
    await db.close()
    await expectPrefix(disk.remains(() => 0), { acknowledged: n, made: n }, 'again')
  })

  it('[WAL-1 WAL-8 WAL-11] random histories of commits, compactions, ends and crashes', { timeout: 60_000 }, async () => {
    await forSeeds(60, async (rng) => {
      let disk = new Disk()
      const run = { acknowledged: 0, made: 0 }
      for (let life = 0; life < 4 && run.made < 30; life++) {
        const at = 1 + rng.int(25)
        disk.before = (_step, _name, number) => {
          if (number === at) throw new Crash('now')
        }
        await live(disk, run, rng).catch(() => undefined)
        disk = disk.remains((limit) => rng.int(limit))
        const db = await openDatabase(disk, options)
        const n = db.get(count)
        expect({ n, state: inputsOf(db, definitions), enough: n >= run.acknowledged, notMore: n <= run.made }).toEqual({ n, state: (await states)[n], enough: true, notMore: true })
        await db.close()
        run.made = run.acknowledged = n
      }
    })
  })
})

async function live(disk: Disk, run: Run, rng: Random): Promise<void> {
  const db = await openDatabase(disk, { ...options, onUnhandledError: () => {}, ...(rng.chance(0.5) ? { compactAt: 300 } : {}) })
  const waiting: Promise<unknown>[] = []
  try {
    for (let i = 1 + rng.int(9); i > 0; i--) {
      const n = ++run.made
      const durable = rng.chance(0.5)
      const done = commitNumber(db, n, durable).then(() => {
        if (durable) run.acknowledged = Math.max(run.acknowledged, n)
      })
      if (rng.chance(0.5)) await done
      else waiting.push(done)
      if (rng.chance(0.2)) waiting.push(db.compact())
      done.catch(() => undefined)
      for (const one of waiting) one.catch(() => undefined)
    }
    await Promise.all(waiting)
  } finally {
    await db.close()
  }
}

/** What a crash leaves: everything, nothing that was not safe, or something in between. */
function choices(rng: Random, kind: number): (limit: number) => number {
  if (kind === 0) return (limit) => limit - 1
  if (kind === 1) return () => 0
  return (limit) => rng.int(limit)
}

describe('results of queries', () => {
  it('[WAL-11 PER-1] survive the end of a database, and a change runs only what depends on it', async () => {
    const port = new MemoryPort()
    const runs: number[] = []
    const double = derived('double', (q, key: number) => {
      runs.push(key)
      return (q.get(slot, key)?.value ?? 0) * 2
    })
    const with_ = { definitions: [slot, double] }
    const db = await openDatabase(port, with_)
    for (const key of [1, 2]) {
      db.set(slot, key, { value: key, text: '' })
      db.get(double, key)
    }
    await db.close()
    const again = await openDatabase(port, with_)
    expect([runs, again.get(double, 1), again.get(double, 2), runs]).toEqual([[1, 2], 2, 4, [1, 2]])
    again.set(slot, 1, { value: 5, text: '' })
    await again.flush()
    // As after a crash: the base of the first life, and the log of the second.
    const third = await openDatabase(await portWith(await filesOf(port)), with_)
    expect([third.get(double, 1), third.get(double, 2), runs]).toEqual([10, 4, [1, 2, 1]])
    await again.close()
    await third.close()
  })
})
