/** Loads over inputs that seldom or never change: no answer differs from what it were without their durability. */
import { createDatabase, type Database, derived, type Durability, DurabilityError, input } from 'pebre'
import { loadCache, MemoryPort, openDatabase, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'
import { filesOf } from '../support/ports.js'
import { forSeeds } from '../support/random.js'
import { rejectionOf } from '../support/turns.js'

const log: string[] = []
const ran = (): string[] => log.splice(0)
const never = input<[key: string], number>('never', { durability: 'never' })
const low = input<[key: string], number>('low')
const read = derived('read', (q, key: string) => {
  log.push(`read ${key}`)
  return q.get(never, key)
})
const above = derived('above', (q, key: string) => {
  log.push(`above ${key}`)
  return [q.get(read, key), q.has(never, key), q.get(low, key)]
})
const all = derived('all', (q) => {
  log.push('all')
  return [q.keys(never), [...q.entries(never)]]
})
const definitions = [never, low, read, above, all]

const place = (): { port: MemoryPort; name: string } => ({ port: new MemoryPort(), name: 'c' })

/** A file in which `never(a)` is 1. */
async function saved(): Promise<ReturnType<typeof place>> {
  const at = place()
  const db = createDatabase({ definitions })
  db.batch((tx) => {
    tx.set(never, 'a', 1)
    tx.set(low, 'a', 10)
  })
  for (const key of ['a', 'b']) db.get(above, key)
  db.get(all)
  await saveCache(db, at)
  return at
}

/** Everything there is to be seen. */
const shown = (db: Database): unknown => [db.revision, [...db.entries(never)], [...db.entries(low)], db.get(all), ['a', 'b'].map((key) => [db.get(read, key), db.get(above, key)])]

describe('a load over inputs that never change', () => {
  it.each([['another value', 'a', 2], ['a slot that the file does not fill', 'b', 1]] as const)('[DUR-5 PER-5 DUR-4] %s: it is refused, and changes nothing', async (_, key, value) => {
    const at = await saved()
    const db = createDatabase({ definitions })
    db.set(never, key, value)
    const before = shown(db)
    const seen: unknown[] = []
    const subscription = db.observe(above, key).subscribe((one) => seen.push(one))
    const { length } = seen
    ran()
    const error = await rejectionOf(loadCache(db, at))
    expect(error).toBeInstanceOf(DurabilityError)
    expect(error).toMatchObject({ definition: 'never', key: `never(${key})`, message: expect.stringMatching(/^never\([ab]\) .*[Ll]oad into a database/) as unknown })
    expect([shown(db), ran(), seen.length]).toEqual([before, [], length])
    expect((await saveCache(db, place())).retained).toEqual([])
    subscription.unsubscribe()
  })

  it('[DUR-5 PER-1] an equal value is no change, and what was computed with it holds', async () => {
    const at = await saved()
    const db = createDatabase({ definitions })
    db.set(never, 'a', 1)
    db.get(read, 'a')
    ran()
    expect(await loadCache(db, at)).toMatchObject({ loaded: true, dropped: [] })
    expect([db.get(read, 'a'), db.get(above, 'a'), ran()]).toEqual([1, [1, true, 10], []])
  })

  it('[DUR-5 DUR-4 PER-1] where it is not set yet, it is set, and who saw it empty runs', async () => {
    const at = await saved()
    const db = createDatabase({ definitions })
    shown(db)
    const before = db.snapshot()
    ran()
    await loadCache(db, at)
    expect([db.get(read, 'a'), db.get(above, 'a'), db.get(all)]).toEqual([1, [1, true, 10], [['a'], [['a', 1]]]])
    expect([before.get(read, 'a'), before.get(above, 'a')]).toEqual([undefined, [undefined, false, undefined]])
    expect(db.snapshot().get(above, 'a')).toEqual([1, true, 10])
  })

  it('[DUR-5 PER-1] a definition that the file does not hold keeps what it has', async () => {
    const at = place()
    const one = createDatabase({ definitions })
    one.set(low, 'a', 3)
    await saveCache(one, at)
    const db = createDatabase({ definitions })
    db.set(never, 'a', 2)
    expect(db.get(above, 'a')).toEqual([2, true, undefined])
    await loadCache(db, at)
    expect(db.get(above, 'a')).toEqual([2, true, 3])
  })
})

describe('an input that never changes any more, and did', () => {
  it('[DUR-5 WAL-1] a log that changes it is refused, and opens as before where it may change', async () => {
    const port = new MemoryPort()
    const was = input<[key: string], number>('never', { durability: 'high' })
    const db = await openDatabase(port, { definitions: [was, low], saveOnClose: false })
    db.set(was, 'a', 1)
    db.set(low, 'a', 5)
    db.set(was, 'a', 2)
    await db.close()
    const before = await filesOf(port)
    const error = await rejectionOf(openDatabase(port, { definitions: [never, low] }))
    expect(error).toBeInstanceOf(DurabilityError)
    expect([error, await filesOf(port)]).toMatchObject([{ key: 'never(a)' }, before])
    const again = await openDatabase(port, { definitions: [was, low] })
    expect([again.get(was, 'a'), again.get(low, 'a')]).toEqual([2, 5])
    await again.close()
    // The base file holds the last value alone.
    const settled = await openDatabase(port, { definitions: [never, low] })
    expect([settled.get(never, 'a'), settled.get(low, 'a')]).toEqual([2, 5])
    await settled.close()
  })
})

describe('a load over inputs that seldom change', () => {
  it.each(['low', 'medium', 'high', 'never'] as const)('[DUR-3 DUR-4 SNAP-2] a snapshot taken after it is not given what was computed before it (%s)', async (durability) => {
    const value = input<[], number>('value', { durability })
    const extra = input<[], number>('extra', { durability })
    const double = derived('double', (q) => [q.has(value), (q.get(value) ?? 0) * 2])
    const at = place()
    const one = createDatabase({ definitions: [value, extra, double] })
    one.set(value, 1)
    await saveCache(one, at)
    const db = createDatabase({ definitions: [value, extra, double] })
    if (durability !== 'never') db.set(value, 2)
    db.get(double)
    const before = db.snapshot()
    await loadCache(db, at)
    const after = db.snapshot()
    expect([after.get(double), before.get(double), db.get(double)]).toEqual([[true, 2], durability === 'never' ? [false, 0] : [true, 4], [true, 2]])
  })

  it('[DUR-4 DUR-5 PER-1 SNAP-2] random histories with loads answer the same with all annotations removed', async () => {
    await forSeeds(120, async (random) => {
      const keys = ['a', 'b', 'c']
      const levels = ['low', 'medium', 'high', 'never'] as const
      const build = (isAnnotated: boolean) => {
        const options = (durability: Durability): { durability?: Durability } => (isAnnotated ? { durability } : {})
        const inputs = levels.map((level) => input<[key: string], number>(level, options(level)))
        const pick = derived('pick', (q, key: string) => inputs.map((one) => q.get(one, key) ?? -1))
        const first = derived('first', (q, key: string) => q.get(pick, key).find((one) => one > 0) ?? 0)
        const top = derived('top', (q, key: string) => [q.get(first, key), inputs.map((one) => [q.has(one, 'a'), q.keys(one).toSorted().join()])])
        const known = [...inputs, pick, first, top]
        const db = createDatabase({ definitions: known })
        const ask = (view: { get: Database['get'] }, key: string): unknown => [view.get(top, key), view.get(first, key)]
        return { inputs, known, db, files: [] as ReturnType<typeof place>[], snapshots: [] as ReturnType<Database['snapshot']>[], ask }
      }
      const both = [build(true), build(false)] as const
      for (let turn = 0; turn < 40; turn++) {
        const die = random.int(10)
        const key = random.pick(keys)
        if (die < 4) {
          const [level, value] = [random.int(4), random.int(4)]
          // What never changes is set once.
          const isFixed = level === 3 && both[0].db.has(both[0].inputs[3] as (typeof both)[0]['inputs'][0], key)
          if (!isFixed) for (const { db, inputs } of both) db.set(inputs[level] as (typeof inputs)[0], key, value)
        } else if (die === 4) {
          for (const { db, files } of both) {
            const at = place()
            await saveCache(db, at)
            files.push(at)
          }
        } else if (die === 5) {
          const which = random.int(both[0].files.length + 1)
          if (which === both[0].files.length) continue
          const isFresh = random.chance(0.5)
          const fresh = isFresh ? both.map(({ known }) => createDatabase({ definitions: known })) : null
          if (fresh !== null && random.chance(0.5)) for (const [i, db] of fresh.entries()) both[i as 0 | 1].ask(db, key)
          const targets = fresh ?? both.map(({ db }) => db)
          const refused = await loadCache(targets[0] as Database, both[0].files[which] as ReturnType<typeof place>).then(() => null, (error: unknown) => error)
          if (refused !== null) expect([isFresh, refused]).toEqual([false, expect.any(DurabilityError)])
          else {
            await loadCache(targets[1] as Database, both[1].files[which] as ReturnType<typeof place>)
            if (fresh !== null) for (const [i, one] of both.entries()) Object.assign(one, { db: fresh[i], snapshots: [] })
          }
        } else if (die === 6) for (const { db, snapshots } of both) snapshots.push(db.snapshot())
        else if (die === 7 && both[0].snapshots.length > 0) {
          const which = random.int(both[0].snapshots.length)
          for (const { snapshots } of both) snapshots.splice(which, 1)[0]?.dispose()
        }
        for (const _ of [0, 1]) {
          const asked = random.pick(keys)
          const at = random.int(both[0].snapshots.length + 1)
          const [annotated, plain] = both.map(({ db, snapshots, ask }) => ask(snapshots[at] ?? db, asked))
          expect([turn, annotated]).toEqual([turn, plain])
        }
      }
    })
  }, 60_000)
})
