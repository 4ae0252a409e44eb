/** Work shared between views: what was computed anywhere serves wherever its stamps hold, and no answer shows it. */
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, type Derived, input, type View } from '../../src/index.js'
import { branchOf } from '../model/invariants.js'
import { even, file, filled, ran, size, taken } from '../support/noted-runs.js'
import { forSeeds } from '../support/random.js'
import { macrotask, rejectionOf, thrownBy } from '../support/turns.js'

const other = input<[], number>('other', { initial: 0 })
const slow = derived('slow', async (q, path: string) => {
  ran.push(`slow ${path}`)
  await Promise.resolve()
  return `${q.get(file, path)} ${q.get(even, path)}`
})

const eight = (db: View): View[] => Array.from({ length: 8 }, () => db.snapshot())

describe('one state', () => {
  it('[SHARE-1] eight snapshots of it ask one cell at once: one run', async () => {
    const db = filled()
    const views = eight(db)
    const answers = await Promise.all(views.map((view) => view.get(slow, 'a')))
    expect([taken(), new Set(answers)]).toEqual([['slow a', 'even a', 'size a'], new Set(['x false'])])
  })

  it('[SHARE-1] one after the other: one run, also after the head has moved on', async () => {
    const db = filled()
    const views = eight(db)
    for (const [i, view] of views.entries()) {
      expect([await view.get(slow, 'a'), view.get(even, 'a')]).toEqual(['x false', false])
      if (i % 3 === 2) {
        db.set(file, 'a', `head ${i}`)
        await db.get(slow, 'a')
      }
    }
    expect(taken().filter((run) => run === 'slow a')).toHaveLength(1 + 2)
    const synced = eight(db)
    for (const view of synced) view.get(even, 'b')
    expect(taken()).toEqual(['even b', 'size b'])
  })

  it('[SHARE-1 SNAP-6] also snapshots of snapshots, written or not', async () => {
    const db = filled()
    const one = db.snapshot()
    const two = one.snapshot()
    one.set(other, 1)
    const three = one.snapshot()
    db.set(file, 'a', 'head')
    for (const view of [one, two, three, one, two.snapshot(), three.snapshot()]) expect(await view.get(slow, 'a')).toBe('x false')
    expect(taken()).toEqual(['slow a', 'even a', 'size a'])
  })
})

describe('several states', () => {
  it('[SHARE-2] an unrelated write between them: still one run; a relevant one: two, each its own value', async () => {
    const db = filled()
    const before = db.snapshot()
    db.set(other, 1)
    const unrelated = db.snapshot()
    db.set(file, 'b', 'unrelated too')
    const also = db.snapshot()
    db.set(file, 'a', 'xx')
    const relevant = db.snapshot()
    db.set(other, 2)
    const late = db.snapshot()
    for (const view of [before, unrelated, also]) expect(await view.get(slow, 'a')).toBe('x false')
    expect(taken()).toEqual(['slow a', 'even a', 'size a'])
    for (const view of [relevant, late, db]) expect(await view.get(slow, 'a')).toBe('xx true')
    expect(taken().toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['even a', 'size a', 'slow a'])
    expect([await before.get(slow, 'a'), await late.get(slow, 'a'), taken()]).toEqual(['x false', 'xx true', []])
  })

  it('[SHARE-2] also when they ask at once', async () => {
    const opened = gate()
    const waits = derived('waits', async (q, path: string) => {
      ran.push(`waits ${path}`)
      const text = q.get(file, path)
      await opened.promise
      return `${text} ${q.get(size, path)}`
    })
    const db = filled()
    const before = db.snapshot()
    db.set(other, 1)
    const unrelated = db.snapshot()
    db.set(file, 'a', 'xx')
    const relevant = db.snapshot()
    db.set(other, 2)
    const late = db.snapshot()
    const answers = [before, unrelated, relevant, late, before.snapshot(), db].map((view) => view.get(waits, 'a'))
    opened.open()
    expect(await Promise.all(answers)).toEqual(['x 1', 'x 1', 'xx 2', 'xx 2', 'x 1', 'xx 2'])
    expect(taken().filter((run) => run === 'waits a')).toHaveLength(2)
  })

  it('[SHARE-3] what a snapshot computed serves the head and other snapshots', async () => {
    const db = filled()
    const snapshot = db.snapshot()
    await snapshot.get(slow, 'a')
    expect(taken()).toHaveLength(3)
    const later = db.snapshot()
    expect([await db.get(slow, 'a'), await later.get(slow, 'a'), db.get(even, 'a'), taken()]).toEqual(['x false', 'x false', false, []])
    db.set(other, 5)
    const fourth = db.snapshot()
    expect([await db.get(slow, 'a'), await fourth.get(slow, 'a'), taken()]).toEqual(['x false', 'x false', []])
  })

  it('[SHARE-3] also one that was written to, and also what is computed there after its write', async () => {
    const db = filled()
    const fork = db.snapshot()
    const sibling = db.snapshot()
    fork.set(file, 'b', 'fork')
    expect([await fork.get(slow, 'a'), fork.get(size, 'b'), taken()]).toEqual(['x false', 4, ['slow a', 'even a', 'size a', 'size b']])
    expect([await db.get(slow, 'a'), await sibling.get(slow, 'a'), taken()]).toEqual(['x false', 'x false', []])
    expect([db.get(size, 'b'), sibling.get(size, 'b'), taken()]).toEqual([2, 2, ['size b']])
    const second = db.snapshot()
    second.set(other, 1)
    expect([second.get(even, 'b'), taken()]).toEqual([true, ['even b']])
    const third = db.snapshot()
    third.set(other, 2)
    expect([third.get(even, 'b'), taken()]).toEqual([true, []])
  })

  it('[SHARE-3 SNAP-8] what a snapshot computed holds in its parent once it is promoted', async () => {
    const db = filled()
    await db.get(slow, 'a')
    const fork = db.snapshot()
    fork.set(file, 'a', 'fork')
    fork.set(file, 'c', 'new')
    expect([await fork.get(slow, 'a'), fork.get(even, 'c')]).toEqual(['fork true', false])
    taken()
    db.set(other, 3)
    db.promote(fork)
    expect([await db.get(slow, 'a'), db.get(even, 'c'), taken()]).toEqual(['fork true', false, []])
    expect([await fork.get(slow, 'a'), taken()]).toEqual(['fork true', []])
  })

  it('[SHARE-3 SNAP-8 SNAP-10] promoted or restored, also when the snapshot is disposed of at once', async () => {
    const db = filled()
    const before = db.snapshot()
    expect(await db.get(slow, 'a')).toBe('x false')
    {
      const fork = db.snapshot()
      fork.set(file, 'a', 'fork')
      await fork.get(slow, 'a')
      taken()
      db.promote(fork)
      fork.dispose()
    }
    expect([await db.get(slow, 'a'), taken()]).toEqual(['fork true', []])
    db.restore(before)
    before.dispose()
    expect([await db.get(slow, 'a'), taken()]).toEqual(['x false', []])
    db.snapshot().dispose()
    expect(branchOf(db).shelved.size).toBe(0)
  })

  it('[SHARE-4] A→B→A by hand: a memo of B does not hold, one of A does', () => {
    const db = filled()
    const a = db.snapshot()
    db.set(file, 'a', 'B value')
    const b = db.snapshot()
    expect([a.get(size, 'a'), b.get(size, 'a'), taken()]).toEqual([1, 7, ['size a', 'size a']])
    db.set(file, 'a', 'x')
    expect([db.get(size, 'a'), taken()]).toEqual([1, []])
    db.set(file, 'a', 'B value')
    expect([db.get(size, 'a'), db.snapshot().get(size, 'a'), taken()]).toEqual([7, 7, []])
    const fork = a.snapshot()
    fork.set(file, 'a', 'fork')
    fork.set(file, 'a', 'x')
    expect([fork.get(size, 'a'), taken()]).toEqual([1, []])
    db.invalidate(size, 'a')
    expect([db.get(size, 'a'), taken()]).toEqual([7, ['size a']])
    db.invalidate(size, 'a')
    expect([db.get(size, 'a'), taken()]).toEqual([7, ['size a']])
  })

  it('[SHARE-4] A→B→A does not accept a memo made at B, and does accept one made at A', () => {
    const db = filled()
    const a = db.snapshot()
    db.set(file, 'a', 'B value')
    const b = db.snapshot()
    db.restore(a)
    const again = db.snapshot()
    expect([b.get(size, 'a'), taken()]).toEqual([7, ['size a']])
    expect([again.get(size, 'a'), taken()]).toEqual([1, ['size a']])
    expect([db.get(size, 'a'), a.get(size, 'a'), taken()]).toEqual([1, 1, []])
    expect([b.get(size, 'a'), taken()]).toEqual([7, []])
  })

  it('[SHARE-4 SNAP-7] equal revision numbers of different views decide nothing', () => {
    const db = filled()
    const fork = db.snapshot()
    const twin = db.snapshot()
    fork.set(file, 'a', 'fork!')
    twin.set(file, 'a', 'twin')
    db.set(file, 'a', 'head value')
    expect([fork.revision, twin.revision, db.revision]).toEqual([3, 3, 3])
    expect([fork.get(size, 'a'), twin.get(size, 'a'), db.get(size, 'a')]).toEqual([5, 4, 10])
    expect([db.get(even, 'a'), twin.get(even, 'a'), fork.get(even, 'a')]).toEqual([true, true, false])
    const [below, under] = [fork.snapshot(), twin.snapshot()]
    expect([below.revision, under.revision, below.get(size, 'a'), under.get(size, 'a')]).toEqual([3, 3, 5, 4])
  })
})

describe('what is never shared', () => {
  it('[SHARE-5] a failure caused by the inputs of one view is not given to a view with others', async () => {
    const fails = derived('fails', async (q, path: string) => {
      ran.push(`fails ${path}`)
      await Promise.resolve()
      if (q.get(file, path) === 'bad') throw new Error(`${q.get(file, path)}`)
      return q.get(file, path)
    }, { errors: 'dependencies' })
    const db = filled()
    const good = db.snapshot()
    db.set(file, 'a', 'bad')
    const bad = db.snapshot()
    const [fromBad, fromGood] = [rejectionOf(bad.get(fails, 'a')), good.get(fails, 'a')]
    expect([(await fromBad) instanceof Error, await fromGood]).toEqual([true, 'x'])
    expect([await good.get(fails, 'a'), (await rejectionOf(db.get(fails, 'a'))) instanceof Error]).toEqual(['x', true])
  })

  it('[SHARE-5] a failure counts for its revision: a view of another state tries again', () => {
    let broken = true
    const flaky = derived('flaky', (q) => {
      ran.push('flaky')
      q.get(file, 'a')
      if (broken) throw new Error('flaky')
      return 'fine'
    })
    const db = filled()
    const snapshot = db.snapshot()
    thrownBy(() => snapshot.get(flaky))
    broken = false
    db.set(other, 1)
    expect([db.get(flaky), db.snapshot().get(flaky), taken()]).toEqual(['fine', 'fine', ['flaky', 'flaky']])
    expect([thrownBy(() => snapshot.get(flaky)), taken()]).toEqual([expect.any(Error), []])
  })

  it('[SHARE-5] an evaluation that was cancelled in its middle is offered to nobody', async () => {
    const opened = gate()
    const waits = derived('waits', async (q) => {
      ran.push('waits')
      const first = q.get(file, 'a')
      await opened.promise
      return `${first}${q.get(file, 'b')}`
    })
    const db = filled()
    const snapshot = db.snapshot()
    const leaver = new AbortController()
    const left = rejectionOf(snapshot.with({ signal: leaver.signal }).get(waits))
    leaver.abort(new Error('left'))
    await left
    opened.open()
    expect([await db.get(waits), await snapshot.get(waits), taken()]).toEqual(['xyy', 'xyy', ['waits', 'waits']])
  })

  it.each(['fails', 'is volatile'])('[SHARE-5 SHARE-1] what %s in one view runs in all others at the same time', async (how) => {
    const first = gate()
    const rest = gate()
    const passing = derived('passing', async (q) => {
      ran.push('passing')
      if (how === 'is volatile') q.volatile()
      await (ran.length === 1 ? first : rest).promise
      if (how === 'fails') throw new Error('backend down')
      return q.get(file, 'a')
    })
    const db = filled()
    const answers = eight(db).map(async (view) => await view.get(passing).catch(String))
    expect(ran).toEqual(['passing'])
    first.open()
    const answer = how === 'fails' ? 'Error: backend down' : 'x'
    expect([await answers[0], await macrotask(), ran.length]).toEqual([answer, undefined, 8])
    rest.open()
    expect([await Promise.all(answers), taken().length]).toEqual([Array.from({ length: 8 }, () => answer), 8])
  })

  it('[SHARE-6] a leader cancelled in one view lets a follower in another finish', async () => {
    const opened = gate()
    const waits = derived('waits', async (q) => {
      ran.push('waits')
      await opened.promise
      return q.get(file, 'a')
    })
    const db = filled()
    const views = eight(db)
    const leaver = new AbortController()
    const left = rejectionOf((views[0] as View).with({ signal: leaver.signal }).get(waits))
    const rest = views.slice(1).map((view) => view.get(waits))
    leaver.abort(new Error('left'))
    expect(await left).toMatchObject({ message: 'left' })
    ;(views[0] as Disposable & View)[Symbol.dispose]()
    opened.open()
    expect([await Promise.all(rest), taken().length]).toEqual([Array.from({ length: 7 }, () => 'x'), 2])
  })

  it('[SHARE-6] as does the disposal of its view', async () => {
    const opened = gate()
    const waits = derived('waits', async (q) => {
      await opened.promise
      return q.get(file, 'a')
    })
    const db = filled()
    const [leader, follower] = [db.snapshot(), db.snapshot()]
    const first = rejectionOf(leader.get(waits))
    const second = follower.get(waits)
    leader.dispose()
    expect(await first).toMatchObject({ name: 'DisposedError' })
    opened.open()
    expect(await second).toBe('x')
  })
})

describe('a run that is on its way', () => {
  const opened = { gate: gate() }
  const waits = derived('waits', async (q, path: string) => {
    const text = q.get(file, path)
    ran.push(`waits ${text}`)
    await opened.gate.promise
    return `${text} ${q.get(size, 'b')}`
  })
  const begin = (): Database => {
    opened.gate = gate()
    return filled()
  }

  const written = (view: View, value: number): View => {
    view.set(other, value)
    return view
  }
  const kinds: Readonly<Record<string, (db: Database) => View>> = {
    'the head': (db) => db,
    'a snapshot': (db) => db.snapshot(),
    'a snapshot that was written to': (db) => written(db.snapshot(), 10),
    'a snapshot of a snapshot': (db) => db.snapshot().snapshot(),
    'a snapshot of one that was written to': (db) => written(db.snapshot(), 20).snapshot(),
  }
  const moments = ['none', 'before the first asks', 'after the first has asked', 'before the second asks', 'before the second is taken'] as const
  const pairs = Object.keys(kinds).flatMap((first) => Object.keys(kinds).map((second) => [first, second] as const))

  it.each(pairs)('[SHARE-3 SHARE-2 JOB-3] of %s serves %s, whichever of them has written something else', async (first, second) => {
    for (const moment of moments) {
      const db = begin()
      const leader = kinds[first]?.(db) as View
      let follower = moment === 'before the second is taken' ? null : (kinds[second]?.(db) as View)
      if (moment === 'before the first asks') leader.set(other, 1)
      const answers = [leader.get(waits, 'a')]
      if (moment === 'after the first has asked') leader.set(other, 2)
      if (moment === 'before the second is taken') db.set(other, 3)
      follower ??= kinds[second]?.(db) as View
      if (moment === 'before the second asks') follower.set(other, 4)
      answers.push(follower.get(waits, 'a'))
      opened.gate.open()
      expect([moment, await Promise.all(answers), taken().filter((run) => run !== 'size b')]).toEqual([moment, ['x 2', 'x 2'], ['waits x']])
      expect(db.stats().jobs).toBe(0)
      db.close()
    }
  })

  it('[SHARE-3 SNAP-8] of a snapshot that is promoted serves the head', async () => {
    const db = begin()
    const states: unknown[] = []
    db.watch(waits, 'a').subscribe(({ status }) => states.push(status))
    const draft = db.snapshot()
    draft.set(file, 'a', 'draft')
    const answers = [draft.get(waits, 'a')]
    db.promote(draft)
    answers.push(db.get(waits, 'a'))
    opened.gate.open()
    expect([await Promise.all(answers), taken().filter((run) => run !== 'size b')]).toEqual([['draft 2', 'draft 2'], ['waits x', 'waits draft']])
  })

  it('[SHARE-4 JOB-2] one that then reads something else serves nobody: the view runs by itself', async () => {
    const db = begin()
    const draft = db.snapshot()
    draft.set(file, 'b', 'longer')
    const answers = [draft.get(waits, 'a'), db.get(waits, 'a')]
    expect(taken()).toEqual(['waits x'])
    opened.gate.open()
    expect(await Promise.all(answers)).toEqual(['x 6', 'x 2'])
    expect(taken().filter((run) => run !== 'size b')).toEqual(['waits x'])
  })

  it('[BIND-1 JOB-2] commits in the view that waits, related or not, are as if it ran by itself', async () => {
    const db = begin()
    const draft = db.snapshot()
    draft.set(other, 1)
    const answers = [draft.get(waits, 'a'), db.get(waits, 'a')]
    db.set(other, 2)
    answers.push(db.get(waits, 'a'))
    db.set(file, 'b', 'four')
    answers.push(db.get(waits, 'a'))
    db.set(file, 'a', 'new')
    answers.push(db.get(waits, 'a'))
    draft.set(file, 'a', 'draft')
    answers.push(draft.get(waits, 'a'))
    opened.gate.open()
    expect(await Promise.all(answers)).toEqual(['x 2', 'x 2', 'x 2', 'x 4', 'new 4', 'draft 2'])
    expect(db.stats().jobs).toBe(0)
  })

  it('[SHARE-6 CAN-1] when its view is disposed of, or its caller leaves, the head has its answer', async () => {
    const db = begin()
    const draft = db.snapshot()
    draft.set(other, 1)
    const leaver = new AbortController()
    const left = rejectionOf(draft.with({ signal: leaver.signal }).get(waits, 'a'))
    const answer = db.get(waits, 'a')
    leaver.abort(new Error('left'))
    expect(await left).toMatchObject({ message: 'left' })
    expect(taken()).toEqual(['waits x'])
    draft.dispose()
    opened.gate.open()
    expect([await answer, db.stats().jobs]).toEqual(['x 2', 0])
  })

  it('[CYC-4 SHARE-5] two views whose queries need each other the other way round wait for no ring', async () => {
    const db = begin()
    const a: Derived<[], Promise<string>> = derived('a', async (q) => {
      q.get(file, 'a')
      await opened.gate.promise
      return q.get(other) === 0 ? `a ${await q.get(b)}` : 'a'
    })
    const b: Derived<[], Promise<string>> = derived('b', async (q) => {
      q.get(file, 'a')
      await opened.gate.promise
      return q.get(other) === 0 ? 'b' : `b ${await q.get(a)}`
    })
    const draft = db.snapshot()
    draft.set(other, 1)
    const answers = [db.get(a), draft.get(b), draft.get(a), db.get(b)]
    opened.gate.open()
    expect(await Promise.all(answers)).toEqual(['a b', 'b a', 'a', 'b'])
    expect(db.stats().jobs).toBe(0)
  })
})

describe('what sharing holds', () => {
  /** Memos kept for others, in all cells. */
  const shared = (db: View): number => {
    let count = 0
    for (const { byPrimitive } of branchOf(db).tables.values()) {
      for (const node of byPrimitive.values()) if ('shelf' in node && node.shelf !== null) count += node.shelf.kept.length + node.shelf.offers.length
    }
    return count
  }

  it('[SHARE-8] so many memos a cell and snapshot alive, however many came and went; none when they are gone', () => {
    const db = filled()
    const first = db.snapshot()
    for (let i = 0; i < 2000; i++) {
      db.set(file, 'a', 'x'.repeat(i % 7))
      const view = db.snapshot()
      db.set(file, 'a', 'y'.repeat(i % 5))
      const fork = db.snapshot()
      fork.set(file, 'a', 'z'.repeat(i % 3))
      for (const one of [db, view, fork]) one.get(even, 'a')
      view.dispose()
      fork.dispose()
      // Two cells; two memos each for the one snapshot alive, four offered, and four before it is looked through.
      expect(shared(db)).toBeLessThanOrEqual(2 * 10)
    }
    const { forks, shelved } = branchOf(db)
    expect([forks.size, shelved.size]).toEqual([1, 2])
    first.dispose()
    expect([shared(db), forks.size, shelved.size]).toEqual([0, 0, 0])
  })

  it('[SHARE-8] a snapshot that is written to and read again and again offers the newest few results', () => {
    const db = filled()
    const fork = db.snapshot()
    for (let i = 0; i < 200; i++) {
      fork.set(file, 'a', 'z'.repeat(i))
      fork.get(even, 'a')
    }
    expect(shared(db)).toBeLessThanOrEqual(2 * 10)
    fork.dispose()
    expect(shared(db)).toBe(0)
  })

  it('[SHARE-8] what was kept for snapshots that are gone goes while others stay', () => {
    const db = filled()
    const lasting = db.snapshot()
    for (let i = 0; i < 50; i++) {
      db.set(file, String(i), 'x')
      db.get(even, String(i))
    }
    const many = Array.from({ length: 20 }, (_, k) => {
      const view = db.snapshot()
      for (let i = 0; i < 50; i++) {
        db.set(file, String(i), 'y'.repeat(k))
        db.get(even, String(i))
      }
      return view
    })
    expect(shared(db)).toBeGreaterThan(500)
    for (const view of many) view.dispose()
    // Looked through little by little, with each snapshot that comes or goes.
    for (let i = 0; i < 200; i++) db.snapshot().dispose()
    expect(shared(db)).toBeLessThanOrEqual(100 * 4)
    lasting.dispose()
    expect(shared(db)).toBe(0)
  })
})

describe('random programs', () => {
  it('[SHARE-7] many views answer as one database each would, with nothing to share', async () => {
    await forSeeds(30, async (random) => {
      const paths = ['a', 'b', 'c']
      const query: Derived<[path: string], Promise<string>> = derived('query', async (q, path) => {
        const next = paths[(paths.indexOf(path) + 1) % 3] as string
        const own = q.get(even, path)
        if (random.chance(0.3)) await Promise.resolve()
        return own && path !== 'a' ? `${path}(${await q.get(query, next === 'b' ? 'a' : next)})` : `${path}${q.get(size, next)}`
      })
      const make = (): Database => createDatabase()
      const views: { readonly view: View; readonly alone: Database }[] = [{ view: make(), alone: make() }]
      for (let turn = 0; turn < 60; turn++) {
        const at = random.pick(views)
        const path = random.pick(paths)
        if (random.chance(0.25) && views.length < 7) {
          const alone = make()
          alone.replaceAll(file, at.alone.entries(file))
          views.push({ view: at.view.snapshot(), alone })
        } else if (random.chance(0.5)) {
          const value = 'x'.repeat(random.int(4))
          at.view.set(file, path, value)
          at.alone.set(file, path, value)
        } else if (random.chance(0.2)) {
          const from = random.pick(views)
          at.view.restore(from.view)
          at.alone.replaceAll(file, from.alone.entries(file))
        }
        const asked = random.pick(views)
        const [got, expected] = await Promise.all([asked.view.get(query, path), asked.alone.get(query, path)])
        expect(got).toBe(expected)
        expect(asked.view.get(even, path)).toBe(asked.alone.get(even, path))
      }
    })
  })
})
