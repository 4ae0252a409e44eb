/** Rendering on a server, and what a browser makes of it. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createElement as h, Suspense } from 'react'
import { renderToPipeableStream, renderToString } from 'react-dom/server'
import { gate } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, InvalidDefinitionError, PebreError } from '../../src/index.js'
import { DatabaseProvider, MissingProviderError, useInput, useQuery, useSuspenseQuery } from '../../src/react/index.js'
import { countedDatabases } from '../support/databases.js'
import { thrownBy } from '../support/turns.js'

const n = input<[], number>('n', { initial: 2 })
const double = derived('double', (q) => q.get(n) * 2)
const create = countedDatabases()

function Double() {
  const [value] = useInput(n)
  const state = useQuery(double)
  return h('p', null, `${value} ${state.status} ${'value' in state ? state.value : ''}`)
}

it('[LIVE-1 DER-6] a server renders the state of its database, and keeps nothing', () => {
  const db = create()
  const html = renderToString(h(DatabaseProvider, { database: db }, h(Double), h(() => h('p', null, useSuspenseQuery(double)))))
  expect(html).toBe('<p>2 ready 4</p><p>4</p>')
  expect(db.stats()).toMatchObject({ live: 0, jobs: 0, runs: 1 })
  db.set(n, 3)
  expect(renderToString(h(DatabaseProvider, { database: db.snapshot() }, h(Double)))).toBe('<p>3 ready 6</p>')
})

it('[DER-1 JOB-1] an asynchronous query: pending for useQuery, streamed once it is there for useSuspenseQuery, at once if it is there', async () => {
  const db = create()
  const step = gate()
  let runs = 0
  const slow = derived('slow', async () => {
    runs++
    await step.promise
    return 'text'
  })
  const State = () => h('p', null, useQuery(slow).status)
  const Value = () => h('p', null, useSuspenseQuery(slow))
  const page = h(DatabaseProvider, { database: db }, h(State), h(Suspense, { fallback: h('i') }, h(Value), h(Value)))
  expect(renderToString(page)).toMatch(/^<p>pending<\/p><!--\$!-->.*<i><\/i>/s)
  const out = new PassThrough()
  const stream = renderToPipeableStream(page, { onShellReady: () => step.open(), onAllReady: () => stream.pipe(out) })
  expect(await text(out)).toContain('<p>text</p><p>text</p>')
  expect(renderToString(page)).toBe('<p>ready</p><!--$--><p>text</p><p>text</p><!--/$-->')
  expect([runs, db.stats().live]).toEqual([1, 0])
})

it('[ERR-3] a failure is thrown as the same object, also by the stream', async () => {
  const db = create()
  const failure = new RangeError('no')
  const sync = derived('sync', (): string => {
    throw failure
  })
  const slow = derived('slow', async (): Promise<string> => {
    throw failure
  })
  const Value = ({ query }: { query: typeof sync | typeof slow }) => h('p', null, useSuspenseQuery(query as typeof sync))
  const framed = (query: typeof sync | typeof slow) => h(DatabaseProvider, { database: db }, h(Value, { query }))
  expect(thrownBy(() => renderToString(framed(sync)))).toBe(failure)
  const thrown = await new Promise((resolve) => renderToPipeableStream(framed(slow), { onError: resolve }))
  expect(thrown).toBe(failure)
})

it('rendering inside a query body is refused: what it reads would not be tracked', () => {
  const db = create()
  const html = derived('html', () => renderToString(h(DatabaseProvider, { database: db }, h(() => h('p', null, useQuery(double).status)))))
  expect(thrownBy(() => db.get(html))).toBeInstanceOf(PebreError)
  expect(thrownBy(() => renderToString(h(Double)))).toBeInstanceOf(MissingProviderError)
})

it('[DER-14 ERR-3] what is no database, query or input is refused while rendering', () => {
  const db = create()
  const render = (use: () => unknown, database: unknown = db) => () => renderToString(h(DatabaseProvider, { database: database as never }, h(() => h('p', null, String(use())))))
  for (const bad of [null, undefined, 5, {}]) {
    expect(thrownBy(render(() => '', bad === undefined ? {} : bad))).toBeInstanceOf(InvalidDefinitionError)
    for (const use of [() => useQuery(bad as never), () => useSuspenseQuery(bad as never), () => useInput(bad as never)]) expect(thrownBy(render(use))).toBeInstanceOf(InvalidDefinitionError)
  }
  for (const use of [() => useQuery(n as never), () => useSuspenseQuery(n as never), () => useInput(double as never)]) expect(thrownBy(render(use))).toBeInstanceOf(InvalidDefinitionError)
  expect(db.stats()).toMatchObject({ live: 0, jobs: 0, runs: 0, queries: 0 })
})
