/** What passes between views: restore, promote, diff. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { ConflictError, createDatabase, derived, diff, DisposedError, ForeignViewError, input, LimitExceededError, type Snapshot, type View } from '../../src/index.js'
import { even, file, filled, ran, size, taken } from '../support/noted-runs.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const level = input<[], number>('level', { initial: 1 })
const slow = derived('slow', async (q, path: string) => {
  ran.push(`slow ${path}`)
  await Promise.resolve()
  return `${q.get(file, path)}/${q.get(even, path)}/${q.get(level)}`
})
const names = derived('names', (q) => {
  ran.push('names')
  return q.keys(file).join()
})
const all = derived('all', (q) => {
  ran.push('all')
  return JSON.stringify(q.entries(file).sortBy((_, key) => key))
})

const unused = derived('unused', () => 0)

const inputsOf = (view: View): unknown[] => [view.get(level), ...view.entries(file).sortBy((_, key) => key)]

async function readAll(view: View): Promise<unknown[]> {
  const answers: unknown[] = [view.get(names), view.get(all)]
  for (const path of ['a', 'b', 'c']) answers.push(view.get(size, path), view.get(even, path), await view.get(slow, path))
  return answers
}

describe('restore', () => {
  it('[SNAP-10] one commit gives the inputs back, and what was computed with them holds without a run', async () => {
    const db = filled()
    const before = await readAll(db)
    const snapshot = db.snapshot()
    db.batch((tx) => {
      tx.set(file, 'a', 'other')
      tx.remove(file, 'b')
      tx.set(file, 'c', 'new')
      tx.set(level, 9)
    })
    const between = await readAll(db)
    const { revision } = db
    taken()
    expect(db.restore(snapshot)).toBe(revision + 1)
    expect(inputsOf(db)).toEqual(inputsOf(snapshot))
    expect([await readAll(db), taken()]).toEqual([before, []])
    expect(between).not.toEqual(before)
    expect(db.revision).toBe(revision + 1)
  })

  it('[SNAP-10 REV-5] what a subscriber writes in answer stays, also where the snapshot held an equal value', () => {
    for (const moves of ['promote', 'restore'] as const) {
      const db = createDatabase()
      const snapshot = db.snapshot()
      db.set(level, 2)
      snapshot.batch((tx) => {
        tx.set(level, 2)
        tx.set(file, 'a', 'new')
      })
      db.node(file, 'a').subscribe((text) => {
        if (text === 'new') db.set(level, 0)
      })
      if (moves === 'restore') db.restore(snapshot)
      else db.promote(snapshot, { onConflict: 'view' })
      expect([moves, db.get(level), db.get(file, 'a'), db.revision]).toEqual([moves, 0, 'new', 3])
    }
  })

  it('[SNAP-10] also where nobody asked in between, or a value was set back by hand', async () => {
    const db = filled()
    const before = await readAll(db)
    const snapshot = db.snapshot()
    taken()
    db.set(file, 'a', 'other')
    db.restore(snapshot)
    expect([await readAll(db), taken()]).toEqual([before, []])
    db.set(file, 'a', 'other')
    db.set(file, 'c', 'new')
    await readAll(db)
    db.set(file, 'a', 'x')
    db.remove(file, 'c')
    taken()
    const { revision } = db
    expect(db.restore(snapshot)).toBe(revision)
    expect([await readAll(db), taken()]).toEqual([before, []])
  })

  it('[SNAP-10 SNAP-4] taking over a stamp leaves to other snapshots what they had', async () => {
    const db = filled()
    const first = db.snapshot()
    db.set(file, 'a', 'other')
    db.set(file, 'a', 'x')
    const before = await readAll(db)
    const second = db.snapshot()
    db.restore(first)
    db.set(file, 'a', 'more')
    await readAll(db)
    taken()
    expect([await readAll(second), taken()]).toEqual([before, []])
  })

  it('[SNAP-10] undo and redo through several states run nothing', async () => {
    const db = filled()
    const states = []
    for (const text of ['x', 'xx', 'xxx', 'x']) {
      db.set(file, 'a', text)
      db.set(level, text.length)
      states.push({ snapshot: db.snapshot(), answers: await readAll(db), inputs: inputsOf(db) })
    }
    taken()
    for (const at of [2, 1, 0, 1, 2, 3, 0, 3, 1, 3, 2, 0]) {
      const { snapshot, answers, inputs } = states[at] as (typeof states)[number]
      db.restore(snapshot)
      expect([inputsOf(db), await readAll(db), taken()]).toEqual([inputs, answers, []])
    }
  })

  it('[SNAP-10] also when the snapshot is disposed of at once, and others are held', async () => {
    const db = filled()
    const before = await readAll(db)
    const first = db.snapshot()
    db.set(file, 'a', 'other')
    await readAll(db)
    const others = Array.from({ length: 20 }, (_, i) => {
      db.set(file, 'a', `another ${i}`)
      return db.snapshot()
    })
    await readAll(db)
    db.restore(first)
    first.dispose()
    for (const other of others.splice(1)) other.dispose()
    taken()
    expect([await readAll(db), taken()]).toEqual([before, []])
  })

  it('[SNAP-10] a live query follows; a commit that restores nothing new is none', () => {
    const db = filled()
    const snapshot = db.snapshot()
    const seen: unknown[] = []
    const subscription = db.observe(size, 'a').subscribe((value) => seen.push(value))
    db.set(file, 'a', 'four')
    const log = record(db, 'input', 'revision')
    db.restore(snapshot)
    expect([seen, log.take()]).toEqual([[1, 4, 1], ['revision 4', 'set file(a)']])
    db.restore(snapshot)
    expect([seen, log.take(), db.revision]).toEqual([[1, 4, 1], [], 4])
    log.stop()
    subscription.unsubscribe()
  })

  it('[SNAP-10] what was invalidated since stays so', () => {
    const db = filled()
    db.get(even, 'a')
    const snapshot = db.snapshot()
    db.set(file, 'a', 'other')
    db.invalidate(size, 'a')
    db.restore(snapshot)
    taken()
    expect([db.get(even, 'a'), taken()]).toEqual([false, ['size a']])
  })

  it('[SNAP-10 DER-17] the value changes at the revision of the restore', () => {
    const db = filled()
    db.get(even, 'a')
    const snapshot = db.snapshot()
    db.set(file, 'a', 'even')
    expect([db.touch(even, 'a'), db.touch(size, 'a')]).toEqual([3, 3])
    db.restore(snapshot)
    expect([db.touch(even, 'a'), db.touch(size, 'a')]).toEqual([4, 4])
  })

  it('[SNAP-10 BAT-1] in a batch it joins it: later writes win, and readers see all or nothing', () => {
    const db = filled()
    const snapshot = db.snapshot()
    db.set(file, 'a', 'other')
    db.batch((tx) => {
      tx.set(file, 'c', 'thrown away')
      tx.set(file, 'a', 'thrown away')
      db.restore(snapshot)
      expect([tx.get(file, 'a'), db.get(file, 'a')]).toEqual(['x', 'other'])
      tx.set(file, 'b', 'later')
    })
    expect([inputsOf(db), db.revision, db.get(all)]).toEqual([[1, ['a', 'x'], ['b', 'later']], 4, '{"a":"x","b":"later"}'])
    expect(snapshot.get(all)).toBe('{"a":"x","b":"yy"}')
    expect(thrownBy(() => db.batch(() => { db.restore(snapshot); throw new Error('no') }))).toMatchObject({ message: 'no' })
    expect(inputsOf(db)).toEqual([1, ['a', 'x'], ['b', 'later']])
  })

  it('[SNAP-10] by a subscriber it waits for its turn, and holds over the writes queued before', () => {
    const db = filled()
    const snapshot = db.snapshot()
    const seen: unknown[] = []
    const subscription = db.live((q) => JSON.stringify([...q.entries(file)])).subscribe((text) => seen.push(text))
    let answers = 0
    const other = db.observe(size, 'a').subscribe((value) => {
      if (value !== 4 || answers++ > 0) return
      db.set(file, 'c', 'new')
      db.restore(snapshot)
      db.set(file, 'b', 'last')
    })
    db.set(file, 'a', 'four')
    expect(inputsOf(db)).toEqual([1, ['a', 'x'], ['b', 'last']])
    expect(db.get(all)).toBe('{"a":"x","b":"last"}')
    expect(seen.at(-1)).toBe('[["a","x"],["b","last"]]')
    subscription.unsubscribe()
    other.unsubscribe()
  })

  it('[SNAP-10 SNAP-6] any view takes the inputs of any other of its database', () => {
    const db = filled()
    const snapshot = db.snapshot()
    const below = snapshot.snapshot()
    below.set(file, 'a', 'below')
    db.set(file, 'b', 'head')
    expect([snapshot.restore(db), snapshot.get(file, 'b'), snapshot.revision]).toEqual([3, 'head', 3])
    below.restore(snapshot)
    expect(inputsOf(below)).toEqual(inputsOf(db))
    db.restore(db)
    expect(db.revision).toBe(3)
  })

  it('[SNAP-9 SNAP-10] a disposed view, one of another database, and one over the limit change nothing', () => {
    const db = createDatabase({ limits: { stateBytes: 200 } })
    db.set(file, 'a', 'x'.repeat(60))
    const big = db.snapshot()
    const fork = db.snapshot()
    db.remove(file, 'a')
    fork.remove(file, 'a')
    fork.set(file, 'a', 'y'.repeat(60))
    db.set(file, 'b', 'x'.repeat(60))
    expect(thrownBy(() => db.promote(fork, { onConflict: 'view' }))).toBeInstanceOf(LimitExceededError)
    expect(thrownBy(() => db.restore(createDatabase()))).toBeInstanceOf(ForeignViewError)
    expect(thrownBy(() => db.restore(null as never))).toBeInstanceOf(ForeignViewError)
    big.dispose()
    expect([thrownBy(() => db.restore(big)), thrownBy(() => big.restore(db)), thrownBy(() => db.promote(big))]).toEqual([expect.any(DisposedError), expect.any(DisposedError), expect.any(DisposedError)])
    expect([inputsOf(db), db.revision]).toEqual([[1, ['b', 'x'.repeat(60)]], 3])
  })
})

describe('promote', () => {
  it('[SNAP-8] applies what the view changed in one commit, and keeps what its parent changed', () => {
    const db = filled()
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    fork.remove(file, 'b')
    fork.set(level, 7)
    db.set(file, 'c', 'head')
    const log = record(db, 'input', 'revision')
    expect(db.promote(fork)).toBe(4)
    expect([log.take(), inputsOf(db)]).toEqual([['revision 4', 'set file(a)', 'remove file(b)', 'set level()'], [7, ['a', 'fork'], ['c', 'head']]])
    expect([db.promote(fork), log.take()]).toEqual([4, []])
    fork.set(file, 'a', 'more')
    expect([db.promote(fork), db.get(file, 'a'), log.take()]).toEqual([5, 'more', ['revision 5', 'set file(a)']])
    log.stop()
  })

  it('[SNAP-8] a slot changed on both sides refuses all of it, and lists it', () => {
    const db = filled()
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    fork.set(file, 'b', 'fork')
    fork.set(file, 'c', 'fork')
    db.set(file, 'a', 'head')
    db.set(file, 'c', 'head')
    const error = thrownBy(() => db.promote(fork)) as ConflictError
    expect(error).toBeInstanceOf(ConflictError)
    expect(error.message).toContain('file(a), file(c)')
    expect(error.conflicts).toEqual([
      { definition: 'file', args: ['a'], id: 'file(a)', base: { present: true, value: 'x' }, inParent: { present: true, value: 'head' }, inView: { present: true, value: 'fork' } },
      { definition: 'file', args: ['c'], id: 'file(c)', base: { present: false, value: undefined }, inParent: { present: true, value: 'head' }, inView: { present: true, value: 'fork' } },
    ])
    expect([inputsOf(db), db.revision]).toEqual([[1, ['a', 'head'], ['b', 'yy'], ['c', 'head']], 4])
  })

  it('[SNAP-8] onConflict decides each: the view, its parent, or another value', () => {
    const db = filled()
    db.set(file, 'c', 'z')
    const fork = db.snapshot()
    for (const path of ['a', 'b', 'c']) {
      fork.set(file, path, `fork ${path}`)
      db.set(file, path, `head ${path}`)
    }
    const asked: string[] = []
    db.promote(fork, {
      onConflict: ({ id, inParent, inView }) => {
        asked.push(id)
        if (id.includes('a')) return 'view'
        return id.includes('b') ? 'parent' : { value: `${String(inParent.value)} and ${String(inView.value)}` }
      },
    })
    expect([asked, inputsOf(db)]).toEqual([['file(a)', 'file(b)', 'file(c)'], [1, ['a', 'fork a'], ['b', 'head b'], ['c', 'head c and fork c']]])
    expect(db.promote(fork)).toBe(db.revision)
    const thrown = new Error('undecided')
    db.set(file, 'a', 'again')
    fork.set(file, 'a', 'too')
    expect(thrownBy(() => db.promote(fork, { onConflict: () => { throw thrown } }))).toBe(thrown)
    expect(thrownBy(() => db.promote(fork, { onConflict: () => 'perhaps' as never }))).toMatchObject({ message: expect.stringContaining('onConflict must give') as string })
    expect([db.promote(fork, { onConflict: 'parent' }), db.get(file, 'a')]).toEqual([db.revision, 'again'])
  })

  it('[SNAP-8] what changed and changed back has not changed', () => {
    const db = filled()
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    fork.set(file, 'a', 'x')
    fork.set(file, 'b', 'fork')
    db.set(file, 'a', 'head')
    db.set(file, 'b', 'head')
    db.set(file, 'b', 'yy')
    db.promote(fork)
    expect(inputsOf(db)).toEqual([1, ['a', 'head'], ['b', 'fork']])
  })

  it('[SNAP-8 SNAP-6] a snapshot of a snapshot is promoted to that, and from there to the head', () => {
    const db = filled()
    const outer = db.snapshot()
    const inner = outer.snapshot()
    inner.set(file, 'a', 'inner')
    expect(thrownBy(() => inner.promote(outer))).toBeInstanceOf(ForeignViewError)
    expect([outer.promote(inner), outer.get(file, 'a'), db.get(file, 'a')]).toEqual([3, 'inner', 'x'])
    const deep = outer.snapshot()
    deep.set(file, 'b', 'deep')
    db.promote(deep)
    expect([outer.get(file, 'b'), db.get(file, 'b')]).toEqual(['deep', 'yy'])
    db.promote(outer)
    expect(inputsOf(db)).toEqual([1, ['a', 'inner'], ['b', 'deep']])
    expect(thrownBy(() => createDatabase().promote(outer))).toBeInstanceOf(ForeignViewError)
  })

  it('[SNAP-8 SNAP-10 REV-7] what a subscriber or an effect has just written to a draft is in it, though it waits for its turn', () => {
    for (const transfer of ['promote', 'restore'] as const) {
      for (const how of ['effect', 'subscriber'] as const) {
        const db = filled()
        const answer = (value: number | undefined): void => {
          if (value !== 2) return
          const draft = db.snapshot()
          draft.set(file, 'a', 'draft')
          draft.remove(file, 'b')
          db[transfer](draft)
          draft[Symbol.dispose]()
        }
        if (how === 'effect') db.effect((q) => answer(q.get(level)))
        else db.node(level).subscribe(answer)
        db.set(level, 2)
        expect([transfer, how, db.get(file, 'a'), db.keys(file), db.get(level), db.revision]).toEqual([transfer, how, 'draft', ['a'], 2, 4])
      }
    }
  })

  it('[SNAP-8] once promoted it has nothing to promote: in the same batch, to who is told of it, and behind a promotion that waits', () => {
    const db = filled()
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    db.batch(() => {
      db.promote(fork)
      db.promote(fork)
    })
    expect([db.get(file, 'a'), db.revision]).toEqual(['fork', 3])
    const again: unknown[] = []
    db.observe(size, 'a').subscribe((length) => {
      again.push(length, db.promote(fork))
    })
    fork.set(file, 'a', 'forked')
    db.promote(fork)
    db.set(file, 'a', 'x')
    expect([again, db.get(file, 'a')]).toEqual([[4, 3, 6, 4, 1, 5], 'x'])
  })

  it('[SNAP-8 BAT-4] has to be promoted still where the batch was discarded, or refused', () => {
    const db = createDatabase({ limits: { stateBytes: 1_000 } })
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    db.set(file, 'b', 'x'.repeat(40))
    const failed = new Error('no')
    const discarded = [
      () => db.batch(() => {
        db.promote(fork)
        throw failed
      }),
      () => db.batch((tx) => {
        db.promote(fork)
        tx.set(file, 'c', 'x'.repeat(900))
      }),
    ]
    expect(discarded.map((batch) => thrownBy(batch))).toEqual([failed, expect.any(LimitExceededError)])
    db.batch(() => {
      thrownBy(() => db.batch(() => {
        db.promote(fork)
        throw failed
      }))
    })
    expect([db.revision, db.promote(fork), db.get(file, 'a')]).toEqual([1, 2, 'fork'])
  })

  it('[SNAP-8 SNAP-10 IN-14 IN-15] a key that holds the initial value comes and goes by a commit', () => {
    for (const transfer of ['promote', 'restore'] as const) {
      const count = input<[key: string], number>('count', { initial: 0 })
      const keys = derived('keys', (q) => q.keys(count).join())
      const db = filled()
      const told: string[] = []
      db.observe(keys).subscribe((value) => told.push(value))
      const fork = db.snapshot()
      for (const value of [1, 0]) fork.set(count, 'a', value)
      expect([db[transfer](fork), db.keys(count), db.entries(count).size, db.snapshot().get(keys)]).toEqual([3, ['a'], 1, 'a'])
      fork.remove(count, 'a')
      expect([db[transfer](fork), db.keys(count), db.get(count, 'a'), told]).toEqual([4, [], 0, ['', 'a', '']])
    }
  })

  it('[SNAP-8] an invalidation is passed on', () => {
    const db = filled()
    db.get(even, 'a')
    const fork = db.snapshot()
    fork.invalidate(size, 'a')
    fork.set(level, 2)
    taken()
    db.promote(fork)
    expect([db.get(even, 'a'), taken()]).toEqual([false, ['size a']])
  })
})

describe('diff', () => {
  it('[SNAP-11] lists what was added, removed and changed', () => {
    const db = filled()
    db.set(file, 'gone', 'z')
    const before = db.snapshot()
    db.set(file, 'a', 'other')
    db.set(file, 'c', 'new')
    db.remove(file, 'gone')
    db.set(file, 'b', 'z')
    db.set(file, 'b', 'yy')
    db.set(level, 2)
    expect(diff(before, db, file)).toEqual({ added: [{ key: 'c', value: 'new' }], removed: [{ key: 'gone', value: 'z' }], changed: [{ key: 'a', before: 'x', after: 'other' }] })
    expect(diff(db, before, file)).toEqual({ added: [{ key: 'gone', value: 'z' }], removed: [{ key: 'c', value: 'new' }], changed: [{ key: 'a', before: 'other', after: 'x' }] })
    expect(diff(before, db, level)).toEqual({ added: [], removed: [], changed: [{ key: [], before: 1, after: 2 }] })
    expect(diff(db, db, file)).toEqual({ added: [], removed: [], changed: [] })
    expect(thrownBy(() => diff(db, createDatabase(), file))).toBeInstanceOf(ForeignViewError)
  })

  it('[SNAP-11] takes the time of the difference, not of what exists', () => {
    const db = createDatabase({ freeze: false })
    db.batch((tx) => {
      for (let i = 0; i < 200_000; i++) tx.set(file, `k${i}`, 'x')
    })
    const before = db.snapshot()
    db.set(file, 'k77', 'y')
    const after = db.snapshot()
    const time = (call: () => void): number => {
      const start = performance.now()
      call()
      return performance.now() - start
    }
    const one = Math.min(...Array.from({ length: 20 }, () => time(() => diff(before, after, file))))
    const none = Math.min(...Array.from({ length: 20 }, () => time(() => diff(before, before, file))))
    expect(diff(before, after, file).changed).toHaveLength(1)
    expect([one < 1, none < 1]).toEqual([true, true])
  })
})

function whatThrows(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

describe('random histories', () => {
  it('[SNAP-2 SNAP-8 SNAP-10 SNAP-11] views that restore and promote answer like plain maps', { timeout: 60_000 }, async () => {
    await forSeeds(40, async (random) => {
      const db = filled()
      interface Model {
        readonly view: View
        slots: Map<string, string>
        base: Map<string, string>
        readonly parent: Model | null
      }
      const head: Model = { view: db, slots: new Map([['a', 'x'], ['b', 'yy']]), base: new Map(), parent: null }
      const models = [head]
      const paths = ['a', 'b', 'c']
      const answersOf = (slots: ReadonlyMap<string, string>): unknown[] => {
        const entries = [...slots].toSorted(([a], [b]) => (a < b ? -1 : 1))
        const answers: unknown[] = [JSON.stringify(Object.fromEntries(entries))]
        for (const path of paths) {
          const length = slots.get(path)?.length ?? -1
          answers.push(length, length % 2 === 0, `${slots.get(path)}/${length % 2 === 0}/1`)
        }
        return answers
      }
      const write = (model: Model, step: number): void => {
        const { view, parent } = model
        if (step < 4) {
          const path = random.pick(paths)
          const value = 'x'.repeat(random.int(3))
          view.set(file, path, value)
          model.slots = new Map(model.slots).set(path, value)
        } else if (step < 6) {
          const path = random.pick(paths)
          view.remove(file, path)
          model.slots = new Map(model.slots)
          model.slots.delete(path)
        } else if (step < 7) {
          const other = random.pick(models)
          view.restore(other.view)
          model.slots = other.slots
        } else if (parent !== null) {
          const changed = paths.filter((path) => model.base.get(path) !== model.slots.get(path))
          const conflicts = changed.filter((path) => model.base.get(path) !== parent.slots.get(path))
          const error = whatThrows(() => parent.view.promote(view as Snapshot))
          expect(error === undefined ? [] : (error as ConflictError).conflicts.map(({ args }) => String(args[0])).toSorted((x, y) => (x < y ? -1 : 1))).toEqual(conflicts)
          if (error === undefined) {
            parent.slots = new Map(parent.slots)
            for (const path of changed) {
              const value = model.slots.get(path)
              if (value === undefined) parent.slots.delete(path)
              else parent.slots.set(path, value)
            }
            model.base = model.slots
          }
        }
      }
      // Several writes in answer to a commit: all of them wait for their turn.
      let answer: (() => void) | null = null
      db.revision$.subscribe(() => {
        const now = answer
        answer = null
        now?.()
      })
      const inAnswer = (count: number): void => {
        answer = () => {
          for (let turn = 0; turn < count; turn++) write(random.pick(models), random.int(8))
        }
        db.invalidate(unused)
        expect(answer).toBe(null)
      }
      const held: { readonly view: View; readonly slots: Map<string, string> }[] = []
      for (let turn = 0; turn < 40; turn++) {
        const model = random.pick(models)
        const step = random.int(14)
        if (step < 8) write(model, step)
        else if (step < 10 && models.length < 6) {
          models.push({ view: model.view.snapshot(), slots: model.slots, base: model.slots, parent: model })
        } else if (step < 11) inAnswer(1 + random.int(6))
        else if (step < 12) {
          const other = random.pick(models)
          const { added, removed, changed } = diff(model.view, other.view, file)
          const [a, b] = [model.slots, other.slots]
          expect(added.map(({ key }) => key).toSorted()).toEqual(paths.filter((path) => !a.has(path) && b.has(path)))
          expect(removed.map(({ key }) => key).toSorted()).toEqual(paths.filter((path) => a.has(path) && !b.has(path)))
          expect(changed.map(({ key }) => key).toSorted()).toEqual(paths.filter((path) => a.has(path) && b.has(path) && a.get(path) !== b.get(path)))
        } else held.push({ view: model.view.snapshot(), slots: model.slots })
        for (const { view, slots } of [...models, ...held]) {
          if (!random.chance(0.4)) continue
          const answers: unknown[] = [view.get(all)]
          for (const path of paths) answers.push(view.get(size, path), view.get(even, path), await view.get(slow, path))
          expect(answers).toEqual(answersOf(slots))
          expect(view.get(names).split(',').filter((name) => name !== '').toSorted()).toEqual([...slots.keys()].toSorted())
          taken()
          const again: unknown[] = [view.get(all)]
          for (const path of paths) again.push(view.get(size, path), view.get(even, path), await view.get(slow, path))
          expect([again, taken()]).toEqual([answers, []])
        }
      }
    })
  })
})
