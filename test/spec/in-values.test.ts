/** Inputs: isolation of values, `initial`, `required`, and nodes. */
import { List, Map as ImmutableMap } from 'immutable'
import { of, Subject, throwError } from 'rxjs'
import { record } from 'pebre/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDatabase, derived, input, MissingInputError } from '../../src/index.js'
import { thrownBy } from '../support/turns.js'

interface Page {
  title: string
  readonly tags: string[]
  readonly by: { name: string }
}
const page = input<[path: string], Page>('page')
const makePage = (): Page => ({ title: 'Home', tags: ['x'], by: { name: 'Ann' } })

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('isolation of values', () => {
  it('[IN-10] a value is frozen in depth, so that a later mutation throws where it happens', () => {
    const db = createDatabase()
    const mine = makePage()
    db.set(page, 'a', mine)
    for (const mutate of [() => (mine.title = 'y'), () => mine.tags.push('y'), () => (mine.by.name = 'Bob'), () => (db.get(page, 'a') as Page).tags.push('y')]) {
      expect(mutate).toThrow(TypeError)
    }
    expect(db.get(page, 'a')).toEqual(makePage())
    expect(db.get(page, 'a')).toBe(mine)
  })

  it('[IN-10] by whatever door it comes', () => {
    const db = createDatabase()
    const [one, two, three, four, five, six] = Array.from({ length: 6 }, makePage) as [Page, Page, Page, Page, Page, Page]
    db.update(page, 'one', () => one)
    db.replaceAll(page, [['two', two]])
    db.batch((tx) => tx.set(page, 'three', three))
    db.node(page, 'four').next(four)
    db.snapshot().set(page, 'five', five)
    const queued: unknown[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      db.set(page, 'six', six)
      // The state does not show it yet, but `set` has returned.
      queued.push(db.has(page, 'six'), Object.isFrozen(six.tags))
    })
    db.set(page, 'seven', makePage())
    expect([one, two, three, four, five, six].map(({ tags }) => Object.isFrozen(tags))).toEqual([true, true, true, true, true, true])
    expect(queued).toEqual([false, true])
  })

  it('[IN-10 IN-15 REV-8] the initial value too', () => {
    const config = input<[], { readonly tags: string[] }>('config', { initial: { tags: ['x'] } })
    const [one, two] = [createDatabase(), createDatabase()]
    expect(() => one.get(config).tags.push('y')).toThrow(TypeError)
    expect(two.get(config)).toEqual({ tags: ['x'] })
  })

  it('[IN-10] freeze: false turns it off, and production does not freeze', () => {
    const off = createDatabase({ freeze: false })
    vi.stubEnv('NODE_ENV', 'production')
    const production = createDatabase()
    const forced = createDatabase({ freeze: true })
    vi.stubEnv('NODE_ENV', 'development')
    const development = createDatabase()
    const frozen = [off, production, forced, development].map((db) => {
      const mine = makePage()
      db.set(page, 'a', mine)
      return [Object.isFrozen(mine), Object.isFrozen(mine.by)]
    })
    expect(frozen).toEqual([[false, false], [false, false], [true, true], [true, true]])
  })

  it('[IN-10] what is refused or changes nothing is not frozen, and other kinds are left as they are', () => {
    const any = input<[], unknown>('any')
    const db = createDatabase()
    db.set(page, 'a', makePage())
    const equal = makePage()
    const lost = makePage()
    db.set(page, 'a', equal)
    thrownBy(() => db.batch((tx) => {
      tx.set(page, 'b', lost)
      throw new Error('no')
    }))
    expect([Object.isFrozen(equal), Object.isFrozen(lost)]).toEqual([false, false])
    const cyclic: Record<string, unknown> = { bytes: new Uint8Array([1]), map: new Map([[1, []]]), date: new Date(0), list: List([1]), inner: [] }
    cyclic['self'] = cyclic
    db.set(any, cyclic)
    expect([Object.isFrozen(cyclic), Object.isFrozen(cyclic['inner']), Object.isFrozen(cyclic['map']), Object.isFrozen(cyclic['date'])]).toEqual([true, true, false, false])
  })

  it('[IN-10 BAT-1] a Proxy sees nothing of a commit under way, and cannot spoil it', () => {
    const any = input<[name: string], unknown>('any')
    const db = createDatabase()
    const seen: unknown[] = []
    const hostile = (name: string): object => new Proxy({}, {
      preventExtensions: () => {
        seen.push([name, db.keys(any), db.revision])
        throw new Error('will not freeze')
      },
    })
    const log = record(db, 'revision', 'input')
    db.batch((tx) => {
      tx.set(any, 'a', hostile('a'))
      tx.set(any, 'b', hostile('b'))
    })
    expect([log.take(), db.keys(any)]).toEqual([['revision 1', 'set any(a)', 'set any(b)'], ['a', 'b']])
    for (const look of seen) expect(look).toEqual([expect.any(String), [], 0])
  })
})

describe('initial', () => {
  const level = input<[name: string], number>('level', { initial: 3 })
  const shown = derived('shown', (q, name: string) => `${q.get(level, name)} ${q.has(level, name)}`)

  it('[IN-15] an input with an initial value is never absent, and removing it restores that', () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input', 'run')
    expect([db.get(level, 'a'), db.has(level, 'a'), db.get(shown, 'a'), db.update(level, 'a', (old) => (old ?? 0) + 1), db.get(shown, 'a')]).toEqual([3, true, '3 true', 1, '4 true'])
    expect([db.remove(level, 'a'), db.get(level, 'a'), db.has(level, 'a'), db.get(shown, 'a')]).toEqual([2, 3, true, '3 true'])
    expect(log.take()).toEqual(['run shown(a)', 'revision 1', 'set level(a)', 'run shown(a)', 'revision 2', 'remove level(a)', 'run shown(a)'])
  })

  it('[IN-15 IN-5] setting it to its initial value before anything else is a no-op', () => {
    const db = createDatabase()
    expect([db.set(level, 'a', 3), db.update(level, 'a', () => 3), db.batch((tx) => (tx.set(level, 'a', 9), tx.remove(level, 'a'))), db.revision]).toEqual([0, 0, 0, 0])
  })

  it('[IN-15 IN-14] whether a key stands in keys does not hang on the reference of an equal value', () => {
    const size = input<[name: string], { n: number }>('size', { initial: { n: 1 } })
    const db = createDatabase()
    const same = db.get(size, 'any')
    for (const [name, back] of [['same', same], ['equal', { n: 1 }]] as const) {
      db.set(size, name, { n: 2 })
      db.set(size, name, back)
    }
    expect([db.keys(size), db.get(size, 'same'), db.get(size, 'equal')]).toEqual([expect.toSatisfy((keys: unknown[]) => keys.length !== 1), { n: 1 }, { n: 1 }])
  })

  it('[IN-15] undefined can be an initial value', () => {
    const maybe = input<[], string | undefined>('maybe', { initial: undefined })
    const db = createDatabase()
    expect([db.has(maybe), db.get(maybe), db.set(maybe, undefined), db.set(maybe, 'x'), db.remove(maybe), db.has(maybe)]).toEqual([true, undefined, 0, 1, 2, true])
  })
})

describe('required', () => {
  const key = input<[name: string, at: number], string | undefined>('key', { required: true })
  const uses = derived('uses', (q, name: string) => q.get(key, name, 1))
  const asks = derived('asks', (q, name: string) => (q.has(key, name, 1) ? q.get(key, name, 1) : 'none'))
  const recovers = derived('recovers', (q, name: string) => {
    try {
      return q.get(uses, name)
    } catch (error) {
      return (error as Error).name
    }
  })

  it('[IN-16] reading it while absent throws an error that names definition and key', () => {
    const db = createDatabase()
    for (const read of [() => db.get(key, 'a', 1), () => db.get(uses, 'a'), () => db.snapshot().get(key, 'a', 1), () => db.read((q) => q.get(key, 'a', 1)), () => db.batch((tx) => void tx.get(key, 'a', 1))]) {
      const error = thrownBy(read)
      expect(error).toBeInstanceOf(MissingInputError)
      expect(error).toMatchObject({ definition: 'key', key: 'key(a, 1)', message: expect.stringContaining('key(a, 1)') as string })
    }
    expect([db.has(key, 'a', 1), db.get(asks, 'a')]).toEqual([false, 'none'])
  })

  it('[IN-16] for a query it is an ordinary failure: kept for its revision, catchable, and gone once the slot is set', () => {
    const db = createDatabase()
    const log = record(db)
    const first = thrownBy(() => db.get(uses, 'a'))
    expect([thrownBy(() => db.get(uses, 'a')) === first, db.get(recovers, 'a'), log.take()]).toEqual([true, 'MissingInputError', ['run uses(a)', 'fail uses(a)', 'run recovers(a)']])
    db.set(key, 'a', 1, undefined)
    expect([db.get(uses, 'a'), db.get(recovers, 'a'), db.get(asks, 'a'), log.take()]).toEqual([undefined, undefined, undefined, ['run uses(a)', 'run recovers(a)', 'run asks(a)']])
    db.remove(key, 'a', 1)
    expect([db.get(recovers, 'a'), log.take()]).toEqual(['MissingInputError', ['run uses(a)', 'fail uses(a)', 'run recovers(a)']])
  })

  it('[IN-16 IN-11] there is nothing to update while it is absent: the same error, and the function is not called', () => {
    const count = input<[name: string], number>('count', { required: true })
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    let calls = 0
    const add = (old: number): number => (calls++, old + 1)
    const errors = [thrownBy(() => db.update(count, 'a', add)), thrownBy(() => db.batch((tx) => (tx.set(count, 'b', 1), tx.update(count, 'a', add))))]
    expect([log.take(), calls, db.has(count, 'b')]).toEqual([[], 0, false])
    expect(errors).toEqual([expect.any(MissingInputError), expect.any(MissingInputError)])
    db.batch((tx) => (tx.set(count, 'a', 1), tx.update(count, 'a', add)))
    expect([log.take(), db.get(count, 'a')]).toEqual([['revision 1', 'set count(a)'], 2])
  })
})

describe('nodes', () => {
  const count = input<[name: string], number>('count')

  it('[IN-17] emits the current value on subscribing, and each new value after its commit', () => {
    const db = createDatabase()
    db.set(count, 'a', 1)
    const seen: unknown[] = []
    db.node(count, 'a').subscribe((value) => seen.push([value, db.get(count, 'a'), db.revision]))
    db.set(count, 'a', 2)
    db.set(count, 'a', 2)
    db.set(count, 'b', 9)
    db.batch((tx) => (tx.set(count, 'a', 3), tx.set(count, 'a', 4)))
    db.remove(count, 'a')
    expect(seen).toEqual([[1, 1, 1], [2, 2, 2], [4, 4, 4], [undefined, undefined, 5]])
  })

  it('[IN-17] next is set: equal values, the revision, queues and batches alike', () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const node = db.node(count, 'a')
    node.next(1)
    node.next(1)
    expect([node.value, db.get(count, 'a'), log.take()]).toEqual([1, 1, ['revision 1', 'set count(a)']])
    db.batch((tx) => {
      tx.set(count, 'b', 2)
      node.next(2)
      expect([db.revision, db.get(count, 'a'), tx.get(count, 'a')]).toEqual([1, 1, 2])
    })
    expect(log.take()).toEqual(['revision 2', 'set count(b)', 'set count(a)'])
    expect(() => db.batch(() => {
      node.next(3)
      throw new Error('no')
    })).toThrow('no')
    expect([db.get(count, 'a'), log.take()]).toEqual([2, []])
  })

  it('[IN-17] can stand as the observer of an Observable, whose end leaves the value', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(error) })
    const node = db.node(count, 'a')
    const seen: unknown[] = []
    node.subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete'), error: () => seen.push('error') })
    of(1, 2).subscribe(node)
    const failure = new Error('offline')
    throwError(() => failure).subscribe(node)
    const source = new Subject<number>()
    source.subscribe(node)
    source.next(3)
    expect([seen, db.get(count, 'a'), errors]).toEqual([[undefined, 1, 2, 3], 3, [failure]])
  })

  it('[IN-17] one that answers the replay by a write hears of it', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.node(count, 'a').subscribe((value) => {
      seen.push(value)
      if (value === undefined) db.set(count, 'a', 1)
    })
    expect(seen).toEqual([undefined, 1])
  })

  it('[IN-17] one that comes while a commit is told hears its value once', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      db.node(count, 'a').subscribe((value) => seen.push(value))
    })
    db.node(count, 'a').subscribe()
    db.set(count, 'a', 1)
    db.set(count, 'a', 2)
    expect(seen).toEqual([1, 2])
  })

  it('[IN-17] a node is made once, on demand, and makes no event objects', () => {
    const db = createDatabase()
    for (let i = 0; i < 100; i++) db.set(count, `n${i}`, i)
    const seen: unknown[] = []
    expect(db.node(count, 'n1')).toBe(db.node(count, 'n1'))
    expect(db.node(count, 'n1')).not.toBe(db.node(count, 'n2'))
    const subscription = db.node(count, 'n1').subscribe((value) => seen.push(value))
    db.set(count, 'n2', 0)
    subscription.unsubscribe()
    db.set(count, 'n1', 0)
    expect([seen, db.stats().events]).toEqual([[1], 0])
  })

  it('[IN-17 SNAP-2] of a snapshot: its own values, before and after it is written to', () => {
    const db = createDatabase()
    db.set(count, 'a', 1)
    const snapshot = db.snapshot()
    const seen: unknown[] = []
    snapshot.node(count, 'a').subscribe((value) => seen.push(value))
    db.set(count, 'a', 2)
    snapshot.set(count, 'b', 1)
    snapshot.node(count, 'a').next(7)
    expect([seen, db.get(count, 'a'), snapshot.node(count, 'a').value]).toEqual([[1, 7], 2, 7])
  })

  it('[IN-17] values are handed on as they are: −0, NaN, Immutable collections', () => {
    const any = input<[], unknown>('any')
    const db = createDatabase()
    const seen: unknown[] = []
    const map = ImmutableMap({ a: 1 })
    db.node(any).subscribe((value) => seen.push(value))
    for (const value of [-0, 0, NaN, NaN, map, ImmutableMap({ a: 1 })]) db.set(any, value)
    expect(seen).toEqual([undefined, -0, 0, NaN, map])
    expect(seen[4]).toBe(map)
  })
})
