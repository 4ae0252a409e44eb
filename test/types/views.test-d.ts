/** What reads, writes and streams give, and which calls do not compile. */
import type { List, Map as ImmutableMap, Stack } from 'immutable'
import { describe, expectTypeOf, it } from 'vitest'
import { of, type Subscription } from 'rxjs'
import { type Activity, createDatabase, derived, type Effect, type EntryKey, input, type InputNode, type KeyOf, type Query, type QueryState, type Revision, type Source, source, type Stream } from '../../src/index.js'

const file = input<[path: string], string>('file')
const config = input<[], { readonly title: string }>('config', { initial: { title: 'Home' } })
const needed = input<[id: number], Date>('needed', { required: true })
const cell = input<[column: string, row: number], boolean>('cell')
const title = derived('title', (q, path: string) => q.get(file, path)?.length ?? 0)
const words = derived('words', async (q, path: string) => q.get(title, path))
const range = derived('range', (_q, from: number, to?: number) => `${from} ${to}`)
const either = derived('either', (q, path: string) => (path === '' ? null : q.get(words, path)))
const db = createDatabase()
declare const q: Query

describe('reads', () => {
  it('[DER-6 IN-1] give the value itself, or undefined where an input may be absent', () => {
    for (const reader of [db, q]) {
      expectTypeOf(reader.get(file, 'a')).toEqualTypeOf<string | undefined>()
      expectTypeOf(reader.get(config)).toEqualTypeOf<{ readonly title: string }>()
      expectTypeOf(reader.get(needed, 1)).toEqualTypeOf<Date>()
      expectTypeOf(reader.get(cell, 'a', 1)).toEqualTypeOf<boolean | undefined>()
      expectTypeOf(reader.get(title, 'a')).toEqualTypeOf<number>()
      expectTypeOf(reader.get(words, 'a')).toEqualTypeOf<Promise<number>>()
      expectTypeOf(reader.get(either, 'a')).toEqualTypeOf<Promise<number> | null>()
      expectTypeOf(reader.get(range, 1)).toEqualTypeOf<string>()
      expectTypeOf(reader.get(range, 1, 2)).toEqualTypeOf<string>()
      expectTypeOf(reader.has(file, 'a')).toEqualTypeOf<boolean>()
    }
    expectTypeOf(q.peek(words, 'a')).toEqualTypeOf<Promise<number>>()
    expectTypeOf(q.peek(config)).toEqualTypeOf<{ readonly title: string }>()
    expectTypeOf(db.with({ signal: q.signal }).get(title, 'a')).toEqualTypeOf<number>()
    expectTypeOf(q.signal).toEqualTypeOf<AbortSignal>()
    expectTypeOf(q.revision).toEqualTypeOf<number>()
    expectTypeOf(q.volatile()).toEqualTypeOf<void>()
  })

  it('[IN-14] keys and entries: one argument stands for itself, several are a tuple or a List', () => {
    for (const reader of [db, q]) {
      expectTypeOf(reader.keys(file)).toEqualTypeOf<readonly string[]>()
      expectTypeOf(reader.keys(needed)).toEqualTypeOf<readonly number[]>()
      expectTypeOf(reader.keys(cell)).toEqualTypeOf<readonly [column: string, row: number][]>()
      expectTypeOf(reader.keys(config)).toEqualTypeOf<readonly [][]>()
      expectTypeOf(reader.entries(file)).toEqualTypeOf<ImmutableMap<string, string>>()
      expectTypeOf(reader.entries(cell)).toEqualTypeOf<ImmutableMap<List<string | number>, boolean>>()
    }
    expectTypeOf<KeyOf<[path: string]>>().toEqualTypeOf<string>()
    expectTypeOf<KeyOf<[a: string, b: number]>>().toEqualTypeOf<[a: string, b: number]>()
    expectTypeOf<EntryKey<[a: string, b: number]>>().toEqualTypeOf<List<string | number>>()
    expectTypeOf<KeyOf<[at: Date | number]>>().toEqualTypeOf<number | readonly [Date]>()
    expectTypeOf<EntryKey<[at: Date | number]>>().toEqualTypeOf<number | readonly [Date]>()
    expectTypeOf<EntryKey<[at: Date, line: number]>>().toEqualTypeOf<readonly [at: Date, line: number]>()
    expectTypeOf<EntryKey<[at: Date | string, line: number]>>().toEqualTypeOf<List<Date | string | number> | readonly [at: Date | string, line: number]>()
    expectTypeOf<EntryKey<[at: Stack<string>]>>().toEqualTypeOf<readonly [Stack<string>]>()
    expectTypeOf<EntryKey<[at: List<number>]>>().toEqualTypeOf<List<List<number>>>()
    expectTypeOf<EntryKey<[at: List<Date>]>>().toEqualTypeOf<List<List<Date>> | readonly [List<Date>]>()
    expectTypeOf<EntryKey<[box: { readonly x: 1 }]>>().toEqualTypeOf<List<{ readonly x: 1 }>>()
    expectTypeOf<EntryKey<[]>>().toEqualTypeOf<List<never>>()
    expectTypeOf<KeyOf<[unknown]>>().toEqualTypeOf<unknown>()
    // @ts-expect-error a query has no keys
    db.keys(title)
    // @ts-expect-error a query has no entries
    q.entries(words)
    // @ts-expect-error whether a query is there is no question
    db.has(title, 'a')
  })

  it('[DER-5 IN-14] keys and entries: what may be left out, or be undefined at the end, leaves a sole argument', () => {
    expectTypeOf<KeyOf<[path?: string]>>().toEqualTypeOf<string | readonly []>()
    expectTypeOf<KeyOf<[path: string | undefined]>>().toEqualTypeOf<string | readonly []>()
    expectTypeOf<KeyOf<[path: string, part?: number]>>().toEqualTypeOf<string | [path: string, part?: number]>()
    expectTypeOf<KeyOf<[path: string, part: number | undefined]>>().toEqualTypeOf<string | [path: string, part: number | undefined]>()
    expectTypeOf<KeyOf<[path: string, part: number | undefined, line: number]>>().toEqualTypeOf<[path: string, part: number | undefined, line: number]>()
    expectTypeOf<KeyOf<string[]>>().toEqualTypeOf<string | string[]>()
    expectTypeOf<KeyOf<[box: { readonly x: 1 }, ...rest: number[]]>>().toEqualTypeOf<[box: { readonly x: 1 }, ...rest: number[]] | readonly [{ readonly x: 1 }]>()
    expectTypeOf<EntryKey<[path?: string]>>().toEqualTypeOf<string | List<never>>()
    expectTypeOf<EntryKey<[path: string, part?: number]>>().toEqualTypeOf<string | List<string | number | undefined>>()
    expectTypeOf<EntryKey<string[]>>().toEqualTypeOf<string | List<string>>()
  })

  it('[DER-5] take exactly the arguments of the definition', () => {
    for (const reader of [db, q]) {
      // @ts-expect-error the path is missing
      reader.get(title)
      // @ts-expect-error the path is missing
      reader.get(file)
      // @ts-expect-error a path is text
      reader.get(title, 1)
      // @ts-expect-error a path is text
      reader.get(words, undefined)
      // @ts-expect-error one argument too many
      reader.get(title, 'a', 'b')
      // @ts-expect-error a singleton takes none
      reader.get(config, 'a')
      // @ts-expect-error the row is missing
      reader.get(cell, 'a')
      // @ts-expect-error column first, then row
      reader.get(cell, 1, 'a')
      // @ts-expect-error the row is missing
      reader.has(cell, 'a')
      // @ts-expect-error a name is no definition
      reader.get('title', 'a')
    }
    // @ts-expect-error the path is missing
    q.peek(title)
    // @ts-expect-error the path is missing
    db.prefetch(words)
    // @ts-expect-error an input cannot be prefetched
    db.prefetch(file, 'a')
    // @ts-expect-error the path is missing
    db.with({ signal: q.signal }).get(words)
    // @ts-expect-error a signal or a policy is needed
    db.with({})
  })

  it('[DER-7] a promise is not its value', async () => {
    // @ts-expect-error not awaited
    const count: number = db.get(words, 'a')
    // @ts-expect-error not awaited
    const sum = db.get(words, 'a') + 1
    // @ts-expect-error may be a promise
    const text: string | null = db.get(either, 'a')
    // @ts-expect-error a synchronous value cannot be chained
    const chained = db.get(title, 'a').then((value: number) => value)
    // @ts-expect-error an input that may be absent
    const length = db.get(file, 'a').length
    expectTypeOf([count, sum, text, chained, length]).toBeArray()
    expectTypeOf(await db.get(words, 'a')).toEqualTypeOf<number>()
    expectTypeOf(await db.get(either, 'a')).toEqualTypeOf<number | null>()
  })

  it('[DER-12 DER-13 DER-17] prefetch gives nothing, read what its body gives, touch a revision', () => {
    expectTypeOf(db.prefetch(words, 'a')).toEqualTypeOf<void>()
    expectTypeOf(db.read((r) => r.get(title, 'a'))).toEqualTypeOf<number>()
    expectTypeOf(db.read((r) => r.get(words, 'a'))).toEqualTypeOf<Promise<number>>()
    expectTypeOf(db.read(async (r) => r.get(title, 'a'))).toEqualTypeOf<Promise<number>>()
    expectTypeOf(db.touch(title, 'a')).toEqualTypeOf<Revision>()
    expectTypeOf(db.touch(words, 'a')).toEqualTypeOf<Promise<Revision>>()
    expectTypeOf(db.touch(either, 'a')).toEqualTypeOf<Revision | Promise<Revision>>()
    // @ts-expect-error an input has no outcome to touch
    db.touch(file, 'a')
    // @ts-expect-error the path is missing
    db.touch(title)
  })
})

describe('writes', () => {
  it('[IN-5 BAT-1] take the arguments, then the value', () => {
    expectTypeOf(db.set(file, 'a', 'text')).toEqualTypeOf<Revision>()
    expectTypeOf(db.set(config, { title: 'x' })).toEqualTypeOf<Revision>()
    expectTypeOf(db.set(cell, 'a', 1, true)).toEqualTypeOf<Revision>()
    expectTypeOf(db.remove(cell, 'a', 1)).toEqualTypeOf<Revision>()
    expectTypeOf(db.update(file, 'a', (old) => old ?? '')).toEqualTypeOf<Revision>()
    expectTypeOf(db.invalidate(words, 'a')).toEqualTypeOf<Revision>()
    db.update(cell, 'a', 1, (old) => {
      expectTypeOf(old).toEqualTypeOf<boolean | undefined>()
      return old !== true
    })
    db.replaceAll(file, [['a', 'text']])
    db.replaceAll(cell, [[['a', 1], true]])
    expectTypeOf(db.batch((tx) => {
      expectTypeOf(tx.get(file, 'a')).toEqualTypeOf<string | undefined>()
      tx.set(file, 'a', 'text')
    })).toEqualTypeOf<Revision>()
  })

  it('[IN-9 IN-5] nothing is inferred from what is written: neither arguments nor values widen the definition', () => {
    const price = input<[product: 'tea' | 'milk'], number>('price')
    const box = input<[at: { readonly kind: 'a' | 'b' }], { readonly size: 1 | 2 }>('box')
    db.set(price, 'tea', 1)
    db.set(box, { kind: 'a' }, { size: 1 })
    // @ts-expect-error no such product
    db.set(price, 'coffee', 1)
    // @ts-expect-error no such product
    db.update(price, 'coffee', () => 1)
    // @ts-expect-error no such product
    db.bind(price, 'coffee', [1])
    // @ts-expect-error no such kind
    db.set(box, { kind: 'c' }, { size: 1 })
    // @ts-expect-error no such size
    db.set(box, { kind: 'a' }, { size: 3 })
    db.batch((tx) => {
      // @ts-expect-error no such product
      tx.set(price, 'coffee', 1)
      // @ts-expect-error no such product
      tx.update(price, 'coffee', () => 1)
    })
  })

  it('[IN-12 DER-6] a query cannot be set, nor anything be written through q', () => {
    // @ts-expect-error a query cannot be set
    db.set(title, 'a', 1)
    // @ts-expect-error a query cannot be removed
    db.remove(words, 'a')
    // @ts-expect-error a query cannot be updated
    db.update(title, 'a', (old: number) => old)
    // @ts-expect-error a query has no node
    db.node(title, 'a')
    // @ts-expect-error an input cannot be invalidated
    db.invalidate(file, 'a')
    // @ts-expect-error q only reads
    q.set(file, 'a', 'text')
    // @ts-expect-error a query cannot be set in a batch either
    db.batch((tx) => tx.set(title, 'a', 1))
  })

  it('[IN-5] wrong arguments and values', () => {
    // @ts-expect-error the value is missing
    db.set(file, 'a')
    // @ts-expect-error the path is missing
    db.set(config)
    // @ts-expect-error a file holds text
    db.set(file, 'a', 1)
    // @ts-expect-error undefined is no text
    db.set(file, 'a', undefined)
    // @ts-expect-error one too many
    db.set(file, 'a', 'text', 'more')
    // @ts-expect-error column first, then row
    db.set(cell, 1, 'a', true)
    // @ts-expect-error the row is missing
    db.remove(cell, 'a')
    // @ts-expect-error it must give text
    db.update(file, 'a', () => 1)
    // @ts-expect-error a promise is no text
    db.update(file, 'a', async () => 'text')
    // @ts-expect-error a field is missing
    db.set(config, {})
    // @ts-expect-error keys are text
    db.replaceAll(file, [[1, 'text']])
  })
})

describe('streams', () => {
  it('[LIVE-1 LIVE-7] carry awaited values', () => {
    expectTypeOf(db.watch(words, 'a')).toEqualTypeOf<Stream<QueryState<number>>>()
    expectTypeOf(db.watch(title, 'a')).toEqualTypeOf<Stream<QueryState<number>>>()
    expectTypeOf(db.observe(words, 'a')).toEqualTypeOf<Stream<number>>()
    expectTypeOf(db.observe(either, 'a')).toEqualTypeOf<Stream<number | null>>()
    expectTypeOf(db.live((r) => ({ a: r.get(title, 'a') }))).toEqualTypeOf<Stream<{ a: number }>>()
    expectTypeOf(db.live(async (r) => r.get(words, 'a'))).toEqualTypeOf<Stream<number>>()
    expectTypeOf(db.node(file, 'a')).toEqualTypeOf<InputNode<string | undefined>>()
    expectTypeOf(db.node(config)).toEqualTypeOf<InputNode<{ readonly title: string }>>()
    // @ts-expect-error the path is missing
    db.watch(words)
    // @ts-expect-error an input has no states
    db.watch(file, 'a')
    // @ts-expect-error a path is text
    db.observe(title, 1)
  })

  it('[LIVE-7] a state has a value only where it can', () => {
    const check = (state: QueryState<number>): number | undefined => {
      if (state.status === 'ready' || state.status === 'stale') {
        expectTypeOf(state.value).toEqualTypeOf<number>()
        return state.value
      }
      if (state.status === 'failed') {
        expectTypeOf(state.error).toEqualTypeOf<unknown>()
        return state.value
      }
      // @ts-expect-error nothing is there yet
      return state.value
    }
    expectTypeOf(check).returns.toEqualTypeOf<number | undefined>()
  })
})

describe('sources', () => {
  const price = source('price', (symbol: string) => of(symbol.length), { grace: 10, retry: { times: 1 }, equals: (a, b) => a === b })
  const page = source('page', async () => ({ text: 'a' }))

  it('[SRC-1] are read like queries: the value, or a promise of the first one', () => {
    expectTypeOf(price).toEqualTypeOf<Source<[symbol: string], number>>()
    for (const reader of [db, q]) expectTypeOf(reader.get(price, 'a')).toEqualTypeOf<number | Promise<number>>()
    expectTypeOf(db.watch(price, 'a')).toEqualTypeOf<Stream<QueryState<number>>>()
    expectTypeOf(db.observe(page)).toEqualTypeOf<Stream<{ text: string }>>()
    db.prefetch(price, 'a')
    createDatabase({ definitions: [price, page] })
    derived('later', async (r) => (await r.get(price, 'a')).toFixed())
    // @ts-expect-error it may be a promise
    derived('sync', (r) => r.get(price, 'a').toFixed())
    // @ts-expect-error the symbol is missing
    db.get(price)
    // @ts-expect-error the symbol is a string
    db.watch(price, 1)
    // @ts-expect-error only its Observable writes it
    db.set(price, 'a', 1)
    // @ts-expect-error a source gives something to follow
    source('wrong', () => 1)
    // @ts-expect-error the values are numbers
    source('wrong', () => of(1), { equals: (a: string, b: string) => a === b })
  })

  it('[SRC-2] bind takes the key, then what to follow', () => {
    expectTypeOf(db.bind(file, 'a', of('text'))).toEqualTypeOf<Subscription>()
    db.bind(config, Promise.resolve({ title: 'a' }))
    // @ts-expect-error the values are texts
    db.bind(file, 'a', of(1))
    // @ts-expect-error the path is missing
    db.bind(file, of('text'))
    // @ts-expect-error a query is no input
    db.bind(title, 'a', of(1))
  })
})

describe('effects, policies and loops', () => {
  it('[LIVE-12] an effect gives nothing, a cleanup, or a promise of one', () => {
    expectTypeOf(db.effect((r) => void r.get(title, 'a'))).toEqualTypeOf<Effect>()
    db.effect((r) => {
      r.get(title, 'a')
      return () => {}
    })
    db.effect(async (r) => {
      await r.get(words, 'a')
    })
    // @ts-expect-error a number is no cleanup
    db.effect(() => 1)
  })

  it('[LIVE-8] a policy is one of three', () => {
    expectTypeOf(db.with({ policy: 'every', buffer: 3 }).watch(words, 'a')).toEqualTypeOf<Stream<QueryState<number>>>()
    expectTypeOf(db.live((r) => r.get(words, 'a'), { policy: 'restart', restarts: 1 })).toEqualTypeOf<Stream<number>>()
    // @ts-expect-error there is no such policy
    db.with({ policy: 'oldest' })
    // @ts-expect-error a policy is for live queries
    db.with({ policy: 'every' }).get(words, 'a')
  })

  it('[LIVE-13] streams are async iterables', () => {
    expectTypeOf(db.observe(words, 'a').iterate({ buffer: 2 })).toEqualTypeOf<AsyncIterableIterator<number>>()
    expectTypeOf(db.revision$).toExtend<AsyncIterable<number>>()
    expectTypeOf(db.node(file, 'a')).toExtend<AsyncIterable<string | undefined>>()
    expectTypeOf(db.activity$).toEqualTypeOf<Stream<Activity>>()
  })
})
