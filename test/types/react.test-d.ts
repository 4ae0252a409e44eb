/** What the hooks give, inferred from definitions, and which calls do not compile. */
import { createElement } from 'react'
import { describe, expectTypeOf, it } from 'vitest'
import { type Batch, createDatabase, derived, input, type QueryState, type Revision, type View } from '../../src/index.js'
import { DatabaseProvider, type SetInput, useBatch, useDatabase, useInput, useQuery, useSuspenseQuery } from '../../src/react/index.js'

const file = input<[path: string], string>('file')
const config = input<[], { readonly title: string }>('config', { initial: { title: 'Home' } })
const needed = input<[id: number], Date>('needed', { required: true })
const title = derived('title', (q, path: string) => q.get(file, path)?.length ?? 0)
const words = derived('words', async (q, path: string) => q.get(title, path))
const either = derived('either', (q, path: string) => (path === '' ? null : q.get(words, path)))
const range = derived('range', (_q, from: number, to?: number) => `${from} ${to}`)

describe('pebre/react', () => {
  it('[LIVE-7] useQuery gives the state, useSuspenseQuery the value, awaited', () => {
    expectTypeOf(useQuery(title, 'a')).toEqualTypeOf<QueryState<number>>()
    expectTypeOf(useQuery(words, 'a')).toEqualTypeOf<QueryState<number>>()
    expectTypeOf(useQuery(either, 'a')).toEqualTypeOf<QueryState<number | null>>()
    expectTypeOf(useSuspenseQuery(title, 'a')).toEqualTypeOf<number>()
    expectTypeOf(useSuspenseQuery(words, 'a')).toEqualTypeOf<number>()
    expectTypeOf(useSuspenseQuery(either, 'a')).toEqualTypeOf<number | null>()
    expectTypeOf(useSuspenseQuery(range, 1)).toEqualTypeOf<string>()
    expectTypeOf(useSuspenseQuery(range, 1, 2)).toEqualTypeOf<string>()
    // @ts-expect-error the path is missing
    useQuery(title)
    // @ts-expect-error a path is text
    useQuery(words, 1)
    // @ts-expect-error one argument too many
    useSuspenseQuery(title, 'a', 'b')
    // @ts-expect-error an input is no query
    useQuery(file, 'a')
    // @ts-expect-error a value is there only where the status says so
    expectTypeOf(useQuery(title, 'a').value).toBeNumber()
  })

  it('[IN-1 IN-15 IN-16] useInput gives undefined only where an input may be absent', () => {
    expectTypeOf(useInput(file, 'a')).toEqualTypeOf<readonly [value: string | undefined, set: SetInput<string, string | undefined>]>()
    expectTypeOf(useInput(config)).toEqualTypeOf<readonly [value: { readonly title: string }, set: SetInput<{ readonly title: string }>]>()
    expectTypeOf(useInput(needed, 1)[0]).toEqualTypeOf<Date>()
    const [, setFile] = useInput(file, 'a')
    setFile('text')
    setFile((before) => {
      expectTypeOf(before).toEqualTypeOf<string | undefined>()
      return before ?? ''
    })
    useInput(config)[1]((before) => ({ title: before.title }))
    // @ts-expect-error the value is text
    setFile(1)
    // @ts-expect-error absence is no value to write
    setFile(undefined)
    // @ts-expect-error the path is missing
    useInput(file)
    // @ts-expect-error a query is no input
    useInput(title, 'a')
  })

  it('[BAT-7] a batch gives a revision, and the provider takes any view', () => {
    expectTypeOf(useBatch()).toEqualTypeOf<(callback: (tx: Batch) => void) => Revision>()
    expectTypeOf(useDatabase()).toEqualTypeOf<View>()
    const db = createDatabase()
    createElement(DatabaseProvider, { database: db })
    createElement(DatabaseProvider, { database: db.snapshot() })
    // @ts-expect-error a database is needed
    createElement(DatabaseProvider, {})
    // @ts-expect-error a definition is no database
    createElement(DatabaseProvider, { database: file })
  })
})
