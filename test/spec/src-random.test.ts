/** Random histories over sources: connected or not, at once or later, every answer is that of the world as it is. */
import { Observable, Subject } from 'rxjs'
import { flush, type Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, type Snapshot, source } from '../../src/index.js'
import { HandClock } from '../support/clock.js'
import { forSeeds } from '../support/random.js'

const names = ['a', 'b', 'c'] as const

/** What the sources of one history follow. */
class World {
  readonly values = new Map<string, number>(names.map((name) => [name, 0]))
  readonly changes = new Map(names.map((name) => [name as string, new Subject<number>()]))
  connections = 0

  set(name: string, value: number): void {
    this.values.set(name, value)
    this.changes.get(name)?.next(value)
  }

  /** Emits what is, at once or in a microtask, then every change. */
  follow(name: string, isLate: boolean): Observable<number> {
    return new Observable((subscriber) => {
      this.connections++
      const emit = (): void => subscriber.next(this.values.get(name) as number)
      if (isLate) queueMicrotask(emit)
      else emit()
      const changes = this.changes.get(name)?.subscribe(subscriber)
      return () => {
        this.connections--
        changes?.unsubscribe()
      }
    })
  }
}

function history() {
  const world = new World()
  const clock = new HandClock()
  const reported: unknown[] = []
  const db = createDatabase({ clock, onUnhandledError: (error) => reported.push(error) })
  const x = input<[], number>('x', { initial: 0 })
  const now = source('now', (name: string) => world.follow(name, false), { grace: 10 })
  const later = source('later', (name: string) => world.follow(name, true), { grace: 20 })
  const sync = derived('sync', (q, name: string) => q.get(x) * 1000 + (q.get(now, name) as number))
  const wrapped = derived('wrapped', async (q, name: string) => q.get(x) * 1000 + (await q.get(later, name)))
  const all = derived('all', async (q) => {
    const first = names.map((name) => q.get(sync, name))
    await Promise.resolve()
    const second = await Promise.all(names.map(async (name) => await q.get(wrapped, name)))
    return { first, second, x: q.get(x), again: names.map((name) => q.get(now, name)) }
  })
  const expected = (): unknown => {
    const at = db.get(x)
    const values = names.map((name) => world.values.get(name) as number)
    return { first: values.map((value) => at * 1000 + value), second: values.map((value) => at * 1000 + value), x: at, again: values }
  }
  return { world, clock, db, x, sync, wrapped, all, expected, reported }
}

/** Whether all that one evaluation saw is of one revision, as far as the evaluation itself can tell. */
function isWhole(seen: { readonly first: number[]; readonly x: number; readonly again: (number | Promise<number>)[] }): boolean {
  return seen.first.every((value, i) => value === seen.x * 1000 + (seen.again[i] as number))
}

async function run(random: Random): Promise<void> {
  const h = history()
  const { db, world, clock } = h
  const handles: { unsubscribe(): void }[] = []
  const snapshots: { readonly view: Snapshot; readonly seen: unknown }[] = []
  const steps: (() => unknown)[] = [
    () => world.set(random.pick(names), random.int(4)),
    () => world.set(random.pick(names), random.int(4)),
    () => db.set(h.x, random.int(3)),
    () => clock.pass(random.int(15)),
    () => handles.push(db.watch(h.all).subscribe((state) => state.status === 'ready' && expect(isWhole(state.value)).toBe(true))),
    () => handles.push(db.observe(h.sync, random.pick(names)).subscribe()),
    () => handles.push(db.with({ policy: 'every' }).observe(h.wrapped, random.pick(names)).subscribe()),
    () => handles.splice(random.int(handles.length + 1), 1).forEach((handle) => handle.unsubscribe()),
    () => expect(db.get(h.sync, 'a')).toBe(db.get(h.x) * 1000 + (world.values.get('a') as number)),
    async () => expect(isWhole(await db.get(h.all))).toBe(true),
    async () => {
      const view = db.snapshot()
      if (random.int(3) === 0) view.set(h.x, 7)
      snapshots.push({ view, seen: await view.get(h.all) })
    },
    async () => {
      const known = snapshots[random.int(snapshots.length + 1)]
      if (known !== undefined) expect(await known.view.get(h.all)).toEqual(known.seen)
    },
    () => db.collect(),
    () => flush(),
  ]
  for (let i = 0; i < 60; i++) {
    const done = random.pick(steps)()
    if (random.int(2) === 0) await done
    if (random.int(4) === 0) {
      await flush()
      expect(await db.get(h.all)).toEqual(h.expected())
    }
  }
  await flush()
  for (const { view, seen } of snapshots) expect(await view.get(h.all)).toEqual(seen)
  for (const handle of handles) handle.unsubscribe()
  for (const { view } of snapshots) view.dispose()
  await clock.pass(100)
  expect([world.connections, clock.waiting, db.stats().jobs, h.reported]).toEqual([0, 0, 0, []])
  db.set(h.x, 9)
  db.collect()
  expect(db.stats()).toMatchObject({ inputs: 1, queries: 0 })
  db.close()
}

describe('random histories', () => {
  it('[SRC-1 SRC-2 SRC-3 SRC-5 BIND-4 SNAP-2 MEM-5] every answer is that of the world, and nothing stays connected or kept', async () => {
    await forSeeds(Number(process.env['COUNT'] ?? 40), run)
  }, 60_000)
})
