/** What goes when nobody needs it: by `collect`, by disposal, and by the garbage collector. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { StateWriter } from '../../src/core/restored-state.js'
import { createDatabase, type Database, derived, DisposedError, input, type Snapshot, type View, WriteInQueryError } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { macrotask, thrownBy, track } from '../support/turns.js'
import { branchOf } from '../model/invariants.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const ran: string[] = []

/** Lets finalizers run, and forgets the log. */
async function rest(): Promise<void> {
  ran.length = 0
  await macrotask()
}

/** Bytes in use, once all that may go has gone. */
async function heap(): Promise<number> {
  ran.length = 0
  for (let i = 0; i < 4; i++) {
    await macrotask()
    gc()
  }
  return process.memoryUsage().heapUsed
}

const file = input<[path: string], string>('file')
const level = input<[], number>('level', { initial: 1 })
const taken = (): string[] => ran.splice(0)
const size = derived('size', (q, path: string) => {
  ran.push(`size ${path}`)
  return q.get(file, path)?.length ?? 0
})
const double = derived('double', (q, path: string) => {
  ran.push(`double ${path}`)
  return q.get(size, path) * 2 * q.get(level)
})

const counts = (db: Database): number[] => [db.stats().inputs, db.stats().queries]

function filled(): Database {
  ran.length = 0
  const db = createDatabase()
  for (const path of ['a', 'b', 'c']) {
    db.set(file, path, path)
    db.get(double, path)
  }
  taken()
  return db
}

describe('collect', () => {
  it('[MEM-5 SNAP-6] while a snapshot of a snapshot is alive nothing goes, even if that one is gone', () => {
    const db = filled()
    const outer = db.snapshot()
    outer.set(file, 'a', 'four')
    const inner = outer.snapshot()
    inner.set(level, 2)
    expect(inner.get(double, 'a')).toBe(16)
    outer.dispose()
    expect(db.collect()).toEqual({ cells: 0, inputs: 0 })
    db.get(double, 'a')
    inner.set(file, 'a', 'seven77')
    expect([inner.get(double, 'a'), db.get(double, 'a')]).toEqual([28, 2])
    inner.dispose()
    expect(db.collect().cells).toBeGreaterThan(0)
  })

  it('[MEM-5 BAT-1] in the middle of a batch or of an update nothing goes, and nothing that was written is lost', () => {
    const db = filled()
    db.batch((tx) => {
      tx.set(file, 'new', 'n')
      expect(db.collect()).toEqual({ cells: 0, inputs: 0 })
      tx.set(file, 'newer', 'nn')
    })
    db.update(file, 'newest', () => {
      db.collect()
      return 'nnn'
    })
    expect(['new', 'newer', 'newest'].map((path) => db.get(file, path))).toEqual(['n', 'nn', 'nnn'])
  })

  it('[MEM-5] drops what nobody observes, pins or depends on; it is computed again when asked for', () => {
    const db = filled()
    const subscription = db.observe(double, 'a').subscribe()
    const pin = db.pin(size, 'b')
    expect(counts(db)).toEqual([4, 6])
    expect(db.collect()).toEqual({ cells: 3, inputs: 0 })
    expect([counts(db), db.get(double, 'a'), db.get(size, 'b'), taken()]).toEqual([[4, 3], 2, 1, []])
    expect([db.get(double, 'c'), taken()]).toEqual([2, ['double c', 'size c']])
    subscription.unsubscribe()
    pin.dispose()
    pin.dispose()
    expect([db.collect(), counts(db)]).toEqual([{ cells: 5, inputs: 1 }, [3, 0]])
    expect([db.get(double, 'a'), taken()]).toEqual([2, ['double a', 'size a']])
    db.set(file, 'a', 'longer')
    expect(db.get(double, 'a')).toBe(12)
  })

  it('[MEM-5] roots stay, with what they depend on', () => {
    const db = filled()
    expect([db.collect({ roots: [[double, 'b'], [size, 'never asked for']] }), db.get(double, 'b'), db.get(size, 'b'), taken()]).toEqual([{ cells: 4, inputs: 0 }, 2, 1, []])
  })

  it('[MEM-5 LIVE-1 SHARE-1] a stream that was made before is of the query that is there when somebody subscribes', () => {
    const db = filled()
    const [states, values] = [db.watch(double, 'a'), db.observe(double, 'a')]
    db.collect()
    const seen: unknown[] = []
    const subscriptions = [states.subscribe((state) => seen.push(state)), values.subscribe((value) => seen.push(value))]
    expect([db.get(double, 'a'), taken()]).toEqual([2, ['double a', 'size a']])
    expect([db.collect(), counts(db), db.stats().live]).toEqual([{ cells: 0, inputs: 0 }, [4, 2], 1])
    db.set(file, 'a', 'four')
    db.remove(file, 'a')
    expect(seen.splice(0)).toEqual([{ status: 'ready', value: 2 }, 2, { status: 'ready', value: 8 }, 8, { status: 'ready', value: 0 }, 0])
    for (const subscription of subscriptions) subscription.unsubscribe()
    db.collect()
    db.set(file, 'a', 'again')
    expect([db.get(double, 'a'), taken().length]).toEqual([10, 6])
    values.subscribe((value) => seen.push(value))
    expect([seen, taken(), counts(db)]).toEqual([[10], [], [4, 2]])
  })

  it('[MEM-5 PER-1 PER-5] a collection while a state is being loaded takes nothing of it', () => {
    const db = filled()
    const writer = new StateWriter(db)
    for (const path of ['a', 'new']) {
      const [slot, known] = [writer.ref(file, [path]), writer.ref(size, [path])]
      writer.set(slot, 'text')
      writer.place(known, 4, false, [slot, writer.hidden(file, 'keys')], [], false)
      writer.place(writer.ref(double, [path]), 8, false, [known, writer.ref(level, [])], [], false)
      expect(db.collect().cells).toBeGreaterThan(0)
    }
    expect(writer.commit(0)).toBe(4)
    expect([db.get(double, 'a'), db.get(double, 'new'), db.keys(file), taken()]).toEqual([8, 8, ['a', 'b', 'c', 'new'], []])
    db.set(file, 'new', 'longer')
    expect([db.get(double, 'new'), taken()]).toEqual([12, ['size new', 'double new']])
  })

  it('[MEM-5] a pin counts for each time, and a live function keeps what it reads', () => {
    const db = filled()
    const [one, two] = [db.pin(double, 'a'), db.pin(double, 'a')]
    const subscription = db.live((q) => q.get(size, 'b')).subscribe()
    one.dispose()
    db.collect()
    expect([db.get(double, 'a'), db.get(size, 'b'), taken()]).toEqual([2, 1, []])
    two[Symbol.dispose]()
    subscription.unsubscribe()
    expect(db.collect().cells).toBeGreaterThanOrEqual(3)
    expect(db.stats().queries).toBe(0)
  })

  it('[MEM-3 MEM-5] what is running stays, and ends as it would', async () => {
    const opened = gate()
    const slow = derived('slow', async (q) => {
      const first = q.get(size, 'a')
      await opened.promise
      return first + q.get(size, 'b')
    })
    const db = filled()
    const pending = db.get(slow)
    db.collect()
    opened.open()
    expect([await pending, db.get(slow)]).toEqual([2, pending])
  })

  it('[MEM-5] after inputs are removed and collected, everything is as it was: 100 000 rounds', { timeout: 120_000 }, async () => {
    const db = createDatabase()
    db.set(file, 'stays', 'x')
    const subscription = db.observe(double, 'stays').subscribe()
    const { root, recalled, written, shelved } = branchOf(db)
    const baseline = counts(db)
    const round = (i: number): void => {
      const path = `round ${i}`
      db.set(file, path, 'x')
      if (i % 3 === 0) db.get(double, path)
      if (i % 5 === 0) db.invalidate(size, path)
      if (i % 7 === 0) db.snapshot().dispose()
      if (i % 11 === 0) db.keys(file)
      db.remove(file, path)
      if (i % 2 === 0) db.collect()
    }
    for (let i = 0; i < 2000; i++) round(i)
    db.collect()
    await macrotask()
    expect(counts(db)).toEqual(baseline)
    const before = await heap()
    for (let i = 0; i < 100_000; i++) {
      round(i)
      if (i % 5000 === 0) await rest()
    }
    db.collect()
    const perRound = ((await heap()) - before) / 100_000
    expect([counts(db), recalled.size, written.length, shelved.size, root]).toEqual([baseline, 0, 0, 0, null])
    expect(perRound).toBeLessThan(10)
    let edges = 0
    for (const { byPrimitive } of branchOf(db).tables.values()) for (const node of byPrimitive.values()) for (let edge = node.dependents; edge !== null; edge = edge.nextDependent) edges++
    expect([edges, db.get(double, 'stays')]).toEqual([2, 2])
    subscription.unsubscribe()
  })

  it('[MEM-5 SNAP-4] while a snapshot is alive nothing goes that it may ask for', () => {
    const db = filled()
    const snapshot = db.snapshot()
    db.remove(file, 'a')
    db.set(level, 2)
    expect(db.collect()).toEqual({ cells: 0, inputs: 0 })
    expect([snapshot.get(double, 'a'), snapshot.get(file, 'a'), taken()]).toEqual([2, 'a', []])
    snapshot.dispose()
    expect(db.collect().inputs).toBe(1)
  })

  it('[MEM-5 IN-12] a body may not collect', () => {
    const db = filled()
    const collects = derived('collects', () => db.collect())
    expect(thrownBy(() => db.get(collects))).toBeInstanceOf(WriteInQueryError)
  })

  it('[MEM-5] collecting at any time changes no answer', async () => {
    await forSeeds(40, (random) => {
      const [db, plain] = [createDatabase(), createDatabase()]
      const paths = ['a', 'b', 'c', 'd']
      for (let turn = 0; turn < 80; turn++) {
        const path = random.pick(paths)
        const step = random.int(10)
        for (const one of [db, plain]) {
          if (step < 4) one.set(file, path, 'x'.repeat(turn % 5))
          else if (step < 6) one.remove(file, path)
          else if (step < 8) one.set(level, turn % 3)
        }
        if (random.chance(0.3)) db.collect(random.chance(0.5) ? {} : { roots: [[double, random.pick(paths)]] })
        if (random.chance(0.1)) db.invalidate(size, path)
        expect([db.get(double, path), db.keys(file).toSorted(), db.get(size, 'a')]).toEqual([plain.get(double, path), plain.keys(file).toSorted(), plain.get(size, 'a')])
      }
    })
  })
})

describe('snapshots that are gone', () => {
  /** Collects until it holds, or for a while. */
  async function until(holds: () => boolean): Promise<boolean> {
    for (let i = 0; i < 20 && !holds(); i++) {
      await macrotask()
      gc()
    }
    return holds()
  }

  it('[SNAP-9] a disposed one throws, and frees what it alone held', async () => {
    const db = createDatabase()
    const big = input<[], { readonly text: string }>('big')
    const held = (() => {
      const value = { text: 'x'.repeat(1000) }
      db.set(big, value)
      return new WeakRef(value)
    })()
    const snapshot = db.snapshot()
    db.set(big, { text: '' })
    db.snapshot().dispose()
    await macrotask()
    gc()
    expect(held.deref()).toBeDefined()
    snapshot.dispose()
    expect(await until(() => held.deref() === undefined)).toBe(true)
    expect([thrownBy(() => snapshot.get(big)), thrownBy(() => snapshot.snapshot()), thrownBy(() => snapshot.restore(db))].map((error) => (error as Error).name)).toEqual(['DisposedError', 'DisposedError', 'DisposedError'])
  })

  it('[SNAP-9] a disposed one holds nothing while somebody holds it: asked, written to, watched, written to by a subscriber, and with one of its own', async () => {
    const db = createDatabase()
    const other = input<[i: number], { readonly text: string }>('other')
    const copy = derived('copy', (q, i: number) => ({ of: q.get(file, 'a'), i, text: q.get(other, i)?.text }))
    const held: unknown[] = []
    const refs: WeakRef<object>[] = []
    const use = (how: number): void => {
      const view = db.snapshot()
      held.push(view)
      const keep = <T extends object>(value: T): T => {
        refs.push(new WeakRef(value))
        return value
      }
      if (how > 0) {
        for (let i = 0; i < 3; i++) view.set(other, i, keep({ text: `${i}` }))
        view.set(other, 0, keep({ text: 'again' }))
        held.push(view.node(other, 0))
      } else db.set(file, 'a', 'otherwise')
      for (let i = 0; i < 3; i++) keep(view.get(copy, i))
      if (how === 2) {
        view.watch(copy, 1).subscribe()
        view.effect((q) => void q.get(other, 2))
        db.promote(view)
      }
      if (how === 3) {
        const { revision: before } = view
        view.revision$.subscribe((revision) => {
          if (revision === before) return
          view.set(other, 5, keep({ text: 'queued' }))
          view.dispose()
        })
        view.set(other, 4, keep({ text: 'told' }))
      }
      if (how === 4) {
        const nested = view.snapshot()
        held.push(nested)
        keep(nested.get(copy, 4))
        nested.set(file, 'a', 'nested')
        keep(nested.get(copy, 5))
        view.dispose()
        nested.dispose()
      }
      view.dispose()
      // What was promoted is the head's by now.
      if (how === 2) for (let i = 0; i < 3; i++) db.remove(other, i)
      db.snapshot().dispose()
      db.collect()
    }
    for (let how = 0; how < 5; how++) use(how)
    await until(() => refs.every((ref) => ref.deref() === undefined))
    expect([held.length, refs.map((ref) => ref.deref()).filter((value) => value !== undefined)]).toEqual([10, []])
  })

  it('[SNAP-9 BAT-4] one that is disposed of in the middle of its own write refuses what is left, and the write with it', () => {
    const db = filled()
    const picky = input<[], number>('picky', { initial: 0, equals: (a, b) => (disposes(), a === b) })
    let disposes = (): void => {}
    const revisions: number[] = []
    const refused = (write: (view: Snapshot) => void): unknown => {
      const view = db.snapshot()
      view.revision$.subscribe((revision) => revisions.push(revision - view.revision))
      disposes = () => view.dispose()
      const error = thrownBy(() => write(view))
      disposes = () => {}
      return (error as Error).name
    }
    const inside: unknown[] = []
    const names = [
      refused((view) => view.batch((tx) => [tx.set(file, 'a', 'set'), view.dispose()])),
      refused((view) => view.batch((tx) => {
        tx.set(file, 'a', 'set')
        view.dispose()
        inside.push(...[() => tx.set(file, 'a', 'more'), () => tx.get(file, 'a'), () => view.get(file, 'a'), () => tx.invalidate(size, 'a')].map((use) => (thrownBy(use) as Error).name))
      })),
      refused((view) => view.batch((tx) => [tx.set(file, 'a', 'set'), view.batch(() => view.dispose())])),
      refused((view) => view.update(file, 'a', (before) => (view.dispose(), `${before}!`))),
      refused((view) => view.set(picky, 1)),
    ]
    expect([names, inside, revisions]).toEqual([Array<string>(5).fill('DisposedError'), Array<string>(4).fill('DisposedError'), Array<number>(5).fill(0)])
    const other = db.snapshot()
    db.batch((tx) => [tx.set(file, 'b', 'kept'), other.dispose()])
    expect([db.get(file, 'a'), db.get(file, 'b')]).toEqual(['a', 'kept'])
  })

  it('[SNAP-9 SNAP-6] one that is dropped is freed too: read, written, promoted, restored, and taken of another', async () => {
    const db = filled()
    const refs: WeakRef<Snapshot>[] = []
    const use = (view: Snapshot, how: number): void => {
      refs.push(new WeakRef(view))
      view.get(double, 'a')
      if (how > 0) view.set(file, 'b', `how ${how}`)
      view.get(double, 'b')
      if (how === 2) db.promote(view, { onConflict: 'view' })
      if (how === 3) db.restore(view)
      if (how === 4) use(view.snapshot(), 1)
    }
    for (let how = 0; how < 5; how++) use(db.snapshot(), how)
    const { forks, family, shelved } = branchOf(db)
    expect([forks.size, refs.length]).toEqual([5, 6])
    expect(await until(() => refs.every((ref) => ref.deref() === undefined) && forks.size === 0)).toBe(true)
    expect([family.hubs.size, family.busy.size]).toEqual([1, 0])
    db.snapshot().dispose()
    expect(shelved.size).toBe(0)
  })

  it('[SNAP-9 BIND-1] disposing of one rejects all that is pending in it, also what was asked for before it was written to', async () => {
    const db = filled()
    const held = gate()
    const slow = derived('slow', async (q) => {
      await held.promise
      return q.get(file, 'a')
    })
    const view = db.snapshot()
    const nested = view.snapshot()
    const before = track(view.get(slow))
    const other = track(nested.get(slow))
    view.set(file, 'a', 'changed')
    const after = track(view.get(slow))
    view.dispose()
    await macrotask()
    expect([before.error, after.error]).toEqual([expect.any(DisposedError), expect.any(DisposedError)])
    held.open()
    await macrotask()
    expect([other, db.stats().jobs]).toEqual([{ state: 'fulfilled', value: 'a' }, 0])
  })

  it('[SNAP-9] a closed database is freed with all its views', async () => {
    const refs = (() => {
      const db = filled()
      const snapshot = db.snapshot()
      snapshot.set(file, 'a', 'fork')
      snapshot.get(double, 'a')
      db.observe(double, 'a').subscribe()
      db.close()
      return [new WeakRef(db), new WeakRef(snapshot)]
    })()
    expect(await until(() => refs.every((ref) => ref.deref() === undefined))).toBe(true)
  })

  it('[SNAP-9 LIVE-9 REV-8] a database that is dropped is freed with a snapshot that is still watched, or that a body of its own holds on to', async () => {
    const refs = [true, false].map((closes) => {
      const db = filled()
      const held: View[] = [db]
      const query = derived('held', (q) => held.length + (q.get(file, 'a')?.length ?? 0))
      const watched = db.snapshot()
      watched.watch(query).subscribe()
      watched.revision$.subscribe()
      held.push(watched, watched.snapshot())
      db.get(query)
      if (closes) db.close()
      return new WeakRef(db)
    })
    expect(await until(() => refs.every((ref) => ref.deref() === undefined))).toBe(true)
  })

  it('[SNAP-9 SCALE-4] one that is disposed is freed in the very turn', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.snapshot().dispose()
    gc()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 10_000; i++) db.snapshot().dispose()
    gc()
    expect((process.memoryUsage().heapUsed - before) / 10_000).toBeLessThan(100)
  })

  it('[SNAP-9 SNAP-6] a line of snapshots, each taken of the one before, holds nothing of those disposed of but that they were', async () => {
    for (const order of ['at once', 'oldest first', 'newest first'] as const) {
      const db = filled()
      const box = input<[], { readonly i: number }>('box')
      const refs: WeakRef<object>[] = []
      const line = [db.snapshot()]
      const next = (i: number): Snapshot => {
        const view = (line.at(-1) as Snapshot).snapshot()
        const value = { i }
        view.set(box, value)
        view.get(double, 'a')
        refs.push(new WeakRef(value), new WeakRef(view), new WeakRef(branchOf(view)))
        return view
      }
      for (let i = 0; i < 50; i++) {
        line.push(next(i))
        if (order === 'at once') line.shift()?.dispose()
      }
      const last = line.pop() as Snapshot
      for (const view of order === 'newest first' ? line.toReversed() : line) view.dispose()
      line.length = 0
      // Which one was taken of before the last, and those two themselves, with what stands in them.
      const end = last.snapshot()
      end.set(box, { i: 50 })
      last.dispose()
      expect(await until(() => refs.filter((ref) => ref.deref() !== undefined).length <= 6)).toBe(true)
      expect([end.get(box)?.i, end.get(double, 'a'), thrownBy(() => db.promote(last))]).toEqual([50, 2, expect.any(DisposedError)])
      expect(thrownBy(() => db.promote(end))).toBeInstanceOf(DisposedError)
      end.dispose()
      expect(await until(() => branchOf(db).forks.size === 0)).toBe(true)
    }
  })

  it('[SNAP-6 LIVE-6] a value that had stood in the line is shown beside a failure, however many were disposed of since, and one that came after is not', () => {
    const picky = derived('picky', (q) => {
      const value = q.get(level)
      if (value < 0) throw new Error('negative')
      return value
    })
    const shown = (view: View): unknown[] => {
      const seen: unknown[] = []
      view.watch(picky).subscribe((state) => seen.push('value' in state ? [state.status, state.value] : state.status)).unsubscribe()
      return seen
    }
    const failing = (before: View): Snapshot => {
      const view = before.snapshot()
      view.set(level, -1)
      view.set(file, 'a', 'own')
      shown(view)
      return view
    }
    const first = createDatabase().snapshot()
    first.set(level, -1)
    const early = failing(first)
    first.set(level, 7)
    expect(first.get(picky)).toBe(7)
    first.set(level, -1)
    expect(shown(first)).toEqual([['failed', 7]])
    const late = failing(first)
    first.dispose()
    const ends = [early, late].map((start) => {
      let view = start
      for (let i = 0; i < 10; i++) {
        const next = view.snapshot()
        next.set(file, 'a', `${i}`)
        shown(next)
        view.dispose()
        view = next
      }
      return view
    })
    expect(ends.map(shown)).toEqual([['failed'], [['failed', 7]]])
  })

  it('[SNAP-9 SCALE-4] each of a line of snapshots that is disposed of leaves less than 300 bytes', async () => {
    const db = createDatabase()
    let view = db.snapshot()
    const go = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) {
        const next = view.snapshot()
        next.set(level, view.get(level) + 1)
        view.dispose()
        view = next
      }
      return heap()
    }
    const before = await go(500)
    expect((await go(5000) - before) / 5000).toBeLessThan(300)
    expect(view.get(level)).toBe(5501)
  })

  it('[SCALE-4] the heap is flat over 100 000 snapshots made and dropped, and 1 000 000 writes', { timeout: 120_000 }, async () => {
    const db = createDatabase()
    const round = (i: number): void => {
      const snapshot = db.snapshot()
      if (i % 10 === 0) snapshot.set(file, 'a', 'fork')
      snapshot.get(double, 'a')
      if (i % 2 === 0) snapshot.dispose()
    }
    const write = (i: number): void => {
      db.set(file, 'a', i % 2 === 0 ? 'x' : 'yy')
    }
    const growth = async (count: number, step: (i: number) => void): Promise<number> => {
      for (let i = 0; i < count / 10; i++) step(i)
      const before = await heap()
      for (let i = 0; i < count; i++) {
        step(i)
        if (i % 5000 === 0) await rest()
      }
      return ((await heap()) - before) / count
    }
    // V8's own FinalizationRegistry keeps about ten bytes for each object that was not unregistered; a view that leaks is a thousand.
    expect(await growth(100_000, round)).toBeLessThan(20)
    expect(await growth(1_000_000, write)).toBeLessThan(1)
    expect(await growth(1_000_000, () => db.observe(double, 'a').subscribe().unsubscribe())).toBeLessThan(1)
  })
})

describe('what snapshots cost those who write', () => {
  it('[SNAP-5] a write and the read after it cost the same with a hundred snapshots held', () => {
    const cost = (held: number): number => {
      const db = filled()
      const views = Array.from({ length: held }, (_, i) => {
        db.set(file, 'b', String(i))
        return db.snapshot()
      })
      let best = Infinity
      for (let round = 0; round < 10; round++) {
        const start = performance.now()
        for (let i = 0; i < 2000; i++) {
          db.set(file, 'a', i % 2 === 0 ? 'x' : 'yy')
          db.get(double, 'a')
        }
        best = Math.min(best, performance.now() - start)
      }
      for (const view of views) view.dispose()
      return best
    }
    cost(1)
    // Timed on a machine that does other things too: the benchmark has the exact figure.
    expect(cost(100)).toBeLessThan(2 * cost(1) + 2)
  })

  it('[SNAP-5] also where each of them was taken before another change of a long chain that is watched', () => {
    const sum = derived('sum', (q, n: number): number => (n === 0 ? (q.get(file, 'a')?.length ?? 0) : q.get(sum, n - 1)) + 1)
    const db = createDatabase()
    for (let n = 0; n <= 300; n++) db.get(sum, n)
    const seen: unknown[] = []
    db.observe(sum, 300).subscribe((value) => seen.push(value))
    const views: Snapshot[] = []
    const cost = (turns: number): number => {
      let best = Infinity
      for (let turn = 0; turn < turns; turn++) {
        views.push(db.snapshot())
        const start = performance.now()
        db.set(file, 'a', 'x'.repeat(views.length))
        best = Math.min(best, performance.now() - start)
      }
      return best
    }
    cost(5)
    const few = cost(15)
    cost(260)
    // A search of all that is kept takes 200 times as long.
    expect(cost(20)).toBeLessThan(10 * few + 2)
    expect([seen.length, seen.at(-1), views[100]?.get(sum, 300), db.get(sum, 300)]).toEqual([301, 601, 401, 601])
    const { runs } = db.stats()
    db.restore(views[7] as Snapshot)
    expect([seen.at(-1), db.stats().runs - runs]).toEqual([308, 0])
  })
})

it('[MEM-5] an earlier result that read what was collected is not taken for the new', () => {
  const which = input<[], number>('which', { initial: 0 })
  const value = input<[], number>('value', { initial: 1 })
  const below = derived('below', (q) => q.get(value))
  const top = derived('top', (q) => (q.get(which) === 0 ? q.get(below) : -1), { history: 2 })
  const db = createDatabase()
  const seen: unknown[] = []
  db.observe(top).subscribe((v) => seen.push(v))
  db.set(which, 1)
  db.collect()
  db.set(value, 2)
  db.set(which, 0)
  db.set(value, 3)
  expect(seen).toEqual([1, -1, 2, 3])
})
