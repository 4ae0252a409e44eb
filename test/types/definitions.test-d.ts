/** What definitions infer, and which definitions do not compile. */
import { describe, expectTypeOf, it } from 'vitest'
import { type Args, type Derived, derived, type Input, input, type Query, type Result, type TotalInput } from '../../src/index.js'

interface Config {
  readonly title: string
}

describe('inputs', () => {
  it('[IN-1 IN-15 IN-16] are total where they have an initial value or are required', () => {
    expectTypeOf(input<[path: string], string>('file')).toEqualTypeOf<Input<[path: string], string>>()
    expectTypeOf(input<[path: string], string>('file', {})).toEqualTypeOf<Input<[path: string], string>>()
    expectTypeOf(input<[path: string], string>('file', { initial: '' })).toEqualTypeOf<TotalInput<[path: string], string>>()
    expectTypeOf(input<[path: string], string>('file', { required: true })).toEqualTypeOf<TotalInput<[path: string], string>>()
    expectTypeOf(input<[], Config>('config', { initial: { title: 'Home' } })).toEqualTypeOf<TotalInput<[], Config>>()
    expectTypeOf(input('count', { initial: 0 })).toEqualTypeOf<TotalInput<[], number>>()
    expectTypeOf<TotalInput<[], number>>().toExtend<Input<[], number>>()
    expectTypeOf<Input<[], number>>().not.toExtend<TotalInput<[], number>>()
  })

  it('[IN-1] of other arguments or values are other types', () => {
    expectTypeOf<Input<[path: string], string>>().not.toExtend<Input<[path: number], string>>()
    expectTypeOf<Input<[path: string], string>>().not.toExtend<Input<[path: string], number>>()
    expectTypeOf<Input<[path: string], string>>().not.toExtend<Input<[], string>>()
  })

  it('[IN-1 IN-5] options must fit the value', () => {
    // @ts-expect-error the initial value is of another type
    input<[], string>('text', { initial: 1 })
    // @ts-expect-error equality of another type
    input<[], string>('text', { equals: (a: number, b: number) => a === b })
    // @ts-expect-error true is not an equality
    input<[], string>('text', { equals: true })
    // @ts-expect-error an option that does not exist
    input<[], string>('text', { inital: '' })
    // @ts-expect-error a name is needed
    input<[], string>()
    // @ts-expect-error arguments are a tuple
    input<string, string>('text')
    input<[], string>('text', { equals: (a, b) => a.length === b.length })
    input<[], string>('text', { equals: false })
  })
})

describe('queries', () => {
  const file = input<[path: string], string>('file')

  it('[DER-5] take their arguments, with names, from the body', () => {
    const words = derived('words', async (q, path: string, limit?: number) => (q.get(file, path) ?? '').slice(limit).length)
    expectTypeOf(words).toEqualTypeOf<Derived<[path: string, limit?: number | undefined], Promise<number>>>()
    expectTypeOf(words.body).parameters.toEqualTypeOf<[q: Query, path: string, limit?: number | undefined]>()
    expectTypeOf(derived('none', () => 1)).toEqualTypeOf<Derived<[], number>>()
    expectTypeOf(derived('rest', (_q, ...names: string[]) => names)).toEqualTypeOf<Derived<string[], string[]>>()
    expectTypeOf(derived('first', (q) => q)).toEqualTypeOf<Derived<[], Query>>()
  })

  it('[DER-6 DER-7] are synchronous or asynchronous as their body is', () => {
    const sync = derived('sync', (q) => q.get(file, 'a'))
    const later = derived('later', async (q) => q.get(sync))
    const handsOn = derived('handsOn', (q) => q.get(later))
    const holds = derived('holds', (q) => ({ promise: q.get(later) }))
    const either = derived('either', (q) => (q.get(file, 'a') === undefined ? 1 : q.get(later)))
    const foreign = derived('foreign', (): PromiseLike<number> => Promise.resolve(1))
    expectTypeOf(sync).toEqualTypeOf<Derived<[], string | undefined>>()
    expectTypeOf(later).toEqualTypeOf<Derived<[], Promise<string | undefined>>>()
    expectTypeOf(handsOn).toEqualTypeOf<Derived<[], Promise<string | undefined>>>()
    expectTypeOf(holds).toEqualTypeOf<Derived<[], { promise: Promise<string | undefined> }>>()
    expectTypeOf(either).toEqualTypeOf<Derived<[], 1 | Promise<string | undefined>>>()
    expectTypeOf(foreign).toEqualTypeOf<Derived<[], PromiseLike<number>>>()
    expectTypeOf<Result<number>>().toEqualTypeOf<number>()
    expectTypeOf<Result<PromiseLike<number>>>().toEqualTypeOf<Promise<number>>()
    expectTypeOf<Result<1 | Promise<string>>>().toEqualTypeOf<1 | Promise<string>>()
  })

  it('[DER-7] one that must wait becomes async itself', () => {
    const later = derived('later', async (q) => (q.get(file, 'a') ?? '').length)
    // @ts-expect-error the promise is not the number
    derived('sum', (q) => q.get(later) + 1)
    // @ts-expect-error a promise has no toFixed
    derived('text', (q) => q.get(later).toFixed())
    // @ts-expect-error awaiting makes the result a promise
    const sync: Derived<[], number> = derived('sync', async (q) => await q.get(later))
    expectTypeOf(sync).toEqualTypeOf<Derived<[], number>>()
    expectTypeOf(derived('sum', async (q) => (await q.get(later)) + 1)).toEqualTypeOf<Derived<[], Promise<number>>>()
  })

  it('[DER-1 VAL-8] the equality compares what the promise gives', () => {
    derived('later', async () => ({ n: 1 }), { equals: (a, b) => a.n === b.n })
    derived('sync', () => ({ n: 1 }), { equals: (a, b) => a.n === b.n, errors: 'dependencies' })
    // @ts-expect-error it answers at once
    derived('later', async () => 1, { equals: async () => true })
    // @ts-expect-error there is no such field
    derived('sync', () => ({ n: 1 }), { equals: (a, b) => a.m === b.m })
    // @ts-expect-error failures are kept for a revision, or until dependencies change
    derived('sync', () => 1, { errors: 'never' })
    // @ts-expect-error a body is a function of q
    derived('sync', (path: string) => path)
    // @ts-expect-error a query has a body
    derived('sync')
  })

  it('[ERR-11] retries and timeouts are for queries that give promises', () => {
    derived('later', async () => 1, { retry: { times: 3, delay: 100 }, timeout: 1000 })
    derived('later', async () => 1, { retry: { times: 3, delay: (failures) => failures * 100 }, equals: (a, b) => a === b })
    derived('either', (q) => (q.get(file, 'a') === undefined ? 1 : Promise.resolve(2)), { timeout: 1000 })
    // @ts-expect-error it answers at once
    derived('sync', () => 1, { timeout: 1000 })
    // @ts-expect-error it answers at once
    derived('sync', (q) => q.get(file, 'a'), { retry: { times: 1 } })
    // @ts-expect-error how often is needed
    derived('later', async () => 1, { retry: { delay: 100 } })
  })

  it('[DER-5] definitions are read-only, and cannot stand for one another', () => {
    const words = derived('words', (_q, path: string) => path.length)
    // @ts-expect-error definitions are frozen
    words.name = 'other'
    // @ts-expect-error an input is no query
    const query: Derived<[path: string], string> = file
    // @ts-expect-error a query is no input
    const slot: Input<[path: string], number> = words
    expectTypeOf([query, slot]).toBeArray()
    expectTypeOf<Derived<[path: string], number>>().not.toExtend<Derived<[path: number], number>>()
    expectTypeOf<Derived<[path: string], number>>().not.toExtend<Derived<[path: string], Promise<number>>>()
    expectTypeOf<Derived<[path: string], number>>().not.toExtend<Derived<Args, string>>()
  })
})
