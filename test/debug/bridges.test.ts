/** Other people's tools: Redux DevTools, OpenTelemetry, diagnostics channels. */
import { channel } from 'node:diagnostics_channel'
import * as api from '@opentelemetry/api'
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, type RuntimeEvent } from '../../src/index.js'
import { connectReduxDevTools, publishEvents, type ReduxDevToolsExtension, traceSpans } from '../../src/debug/index.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], unknown>('file')
const title = input<[], string>('title', { initial: 'none' })
const size = derived('size', (q, path: string) => JSON.stringify(q.get(file, path) ?? '').length - 2)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)

interface Panel extends ReduxDevToolsExtension {
  readonly log: unknown[]
  dispatch(type: string, actionId?: number): void
}

/** The extension, as far as it matters. */
function panel(): Panel {
  const log: unknown[] = []
  let listener: Parameters<ReturnType<ReduxDevToolsExtension['connect']>['subscribe']>[0] = () => {}
  return {
    log,
    connect: ({ name }) => ({
      init: (state) => log.push([name, 'init', JSON.parse(JSON.stringify(state))]),
      send: ({ type }, state) => log.push([name, type, JSON.parse(JSON.stringify(state))]),
      subscribe(given) {
        listener = given
        return () => (listener = () => {})
      },
    }),
    dispatch: (type, actionId) => listener({ type: 'DISPATCH', payload: { type, ...(actionId === undefined ? {} : { actionId }) } }),
  }
}

describe('Redux DevTools', () => {
  it('an action for each revision, with all inputs; jumping writes the inputs of then', () => {
    const db = createDatabase()
    db.get(title)
    const extension = panel()
    const connected = connectReduxDevTools(db, { name: 'mine', extension })
    db.set(file, 'a', 'x')
    db.batch((tx) => (tx.set(file, 'b', { list: [1n, new Map([['k', new Date(0)]])] }), tx.remove(file, 'a'), tx.set(title, 'T')))
    const after = { file: { b: { list: ['1n', { k: 'Date(1970-01-01T00:00:00.000Z)' }] } }, title: { '': 'T' } }
    expect(extension.log.splice(0)).toEqual([
      ['mine', 'init', { title: { '': 'none' } }],
      ['mine', 'set file(a)', { file: { a: 'x' }, title: { '': 'none' } }],
      ['mine', 'set file(b) and 2 more', after],
    ])
    extension.dispatch('JUMP_TO_ACTION', 1)
    expect([db.keys(file), db.get(title), extension.log]).toEqual([['a'], 'none', []])
    extension.dispatch('JUMP_TO_STATE', 2)
    expect([db.keys(file), db.get(title), extension.log]).toEqual([['b'], 'T', []])
    extension.dispatch('JUMP_TO_STATE', 77)
    extension.dispatch('ROLLBACK')
    expect([db.keys(file), extension.log.splice(0)]).toEqual([[], [['mine', 'init', { title: { '': 'none' } }]]])
    db.set(title, 'again')
    connected[Symbol.dispose]()
    db.set(title, 'unheard')
    expect(extension.log).toHaveLength(1)
    expect(db.stats().events).toBeGreaterThan(0)
  })

  it('holds only as many snapshots as it may, and does nothing without the extension', () => {
    const db = createDatabase()
    const extension = panel()
    const connected = connectReduxDevTools(db, { extension, history: 2 })
    for (const text of ['1', '2', '3']) db.set(title, text)
    extension.dispatch('JUMP_TO_ACTION', 1)
    expect(db.get(title)).toBe('3')
    extension.dispatch('JUMP_TO_ACTION', 2)
    expect(db.get(title)).toBe('2')
    connected[Symbol.dispose]()
    const { events } = db.stats()
    connectReduxDevTools(db)
    db.set(title, '4')
    expect(db.stats().events).toBe(events)
  })
})

interface Recorded {
  readonly name: string
  readonly parent: string | undefined
  readonly attributes: Record<string, unknown>
  readonly times: number[]
  status?: number
}

/** The package itself, with a provider that writes down. */
function recordingApi() {
  const spans: Recorded[] = []
  const key = new WeakMap<object, Recorded>()
  const tracer = {
    startSpan(name: string, { startTime, attributes }: { startTime: number; attributes: Record<string, unknown> }, context: api.Context) {
      const parent = api.trace.getSpan(context)
      const span: Recorded = { name, parent: parent === undefined ? undefined : key.get(parent)?.name, attributes: { ...attributes }, times: [startTime] }
      spans.push(span)
      const made = {
        ...api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT),
        setAttribute: (attribute: string, value: unknown) => (span.attributes[attribute] = value),
        setStatus: ({ code }: { code: number }) => (span.status = code),
        recordException: () => {},
        end: (time?: number) => span.times.push(time ?? NaN),
      } as unknown as api.Span
      key.set(made, span)
      return made
    },
  }
  return { spans, api: { trace: { getTracer: () => tracer, setSpan: (context: api.Context, span: api.Span) => api.trace.setSpan(context, span) }, context: { active: () => api.ROOT_CONTEXT }, SpanStatusCode: api.SpanStatusCode } }
}

describe('OpenTelemetry', () => {
  it('accepts the package as it is', () => {
    const db = createDatabase()
    const spans = traceSpans(db, api)
    expect(db.get(parity, 'a')).toBe(0)
    spans[Symbol.dispose]()
  })

  it('the end of the database ends every span', async () => {
    const db = createDatabase()
    const opened = gate()
    const slow = derived('slow', async () => opened.promise)
    const ended: string[] = []
    const span = (name: string) => ({ setAttribute: () => {}, setStatus: () => {}, recordException: () => {}, end: () => ended.push(name) })
    traceSpans(db, { trace: { getTracer: () => ({ startSpan: span }), setSpan: () => null }, context: { active: () => null }, SpanStatusCode: { ERROR: 2 } })
    const pending = db.get(slow).catch(() => {})
    expect(ended).toEqual([])
    db.close()
    expect(ended).toEqual(['slow'])
    opened.open()
    await pending
    expect(ended).toEqual(['slow'])
  })

  it('a span for each run, inside that of the run that asked, with cause and outcome', async () => {
    const db = createDatabase()
    const fails = derived('fails', (q) => {
      throw new Error(`no ${q.get(size, 'a')}`)
    })
    const opened = gate()
    const slow = derived('slow', async (q) => (await opened.promise, q.get(size, 'b')))
    const { spans, api: recording } = recordingApi()
    const tracing = traceSpans(db, recording)
    db.get(parity, 'a')
    thrownBy(() => db.get(fails))
    const pending = db.get(slow)
    opened.open()
    await pending
    db.set(file, 'a', 'xx')
    db.get(parity, 'a')
    expect(spans.map(({ name, parent, attributes, status }) => [name, parent, attributes['pebre.query'], attributes['pebre.cause'], attributes['pebre.outcome'], status])).toEqual([
      ['parity', undefined, 'parity(a)', 'new', 'changed', undefined], ['size', 'parity', 'size(a)', 'new', 'changed', undefined], ['fails', undefined, 'fails()', 'new', 'failed', 2],
      ['slow', undefined, 'slow()', 'new', 'changed', undefined], ['size', 'slow', 'size(b)', 'new', 'changed', undefined],
      ['size', undefined, 'size(a)', 'file(a)', 'changed', undefined], ['parity', undefined, 'parity(a)', 'size(a)', 'cutoff', undefined],
    ])
    for (const { times } of spans) expect(times.length === 2 && (times[0] ?? 1) <= (times[1] ?? 0)).toBe(true)
    const waits = derived('waits', async () => new Promise<never>(() => {}))
    db.prefetch(waits)
    tracing[Symbol.dispose]()
    expect(spans.at(-1)?.times).toHaveLength(2)
    db.set(file, 'a', 'x')
    db.get(size, 'a')
    expect(spans).toHaveLength(8)
    db.close()
  })
})

describe('a diagnostics channel', () => {
  it('gets every event while somebody listens to it', () => {
    const db = createDatabase()
    const named = channel('pebre test')
    const publishing = publishEvents(db, named)
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push((message as RuntimeEvent).type)
    db.set(file, 'a', 'x')
    named.subscribe(listener)
    db.set(file, 'a', 'y')
    db.get(size, 'a')
    db.get(size, 'a')
    named.unsubscribe(listener)
    db.set(file, 'a', 'z')
    publishing[Symbol.dispose]()
    expect(heard).toEqual(['revisionBumped', 'inputSet', 'queryStarted', 'queryComputed', 'queryChanged', 'queryHit'])
    const { events } = db.stats()
    db.set(file, 'a', 'last')
    expect(db.stats().events).toBe(events)
  })
})
