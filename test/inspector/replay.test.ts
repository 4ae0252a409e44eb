/** A saved trace in the page: what it makes of a good file, and what it says of others. */
import { describe, expect, it } from 'vitest'
import { TraceCollector } from '../../src/debug/index.js'
import { type Database, derived, input } from '../../src/index.js'
import { ratesOf } from '../../src/inspector/client/charts.js'
import { Model } from '../../src/inspector/client/model.js'
import { TraceFeed } from '../../src/inspector/client/trace-feed.js'
import { InvalidTraceError, readTrace } from '../../src/inspector/client/trace-file.js'
import { countedDatabases } from '../support/databases.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const isLong = derived('isLong', (q) => q.get(size, 'a') > 3)
const fails = derived('fails', (q) => {
  throw new Error(`no ${q.get(size, 'a')}`)
})

const open = countedDatabases()

/** A trace as a file holds it. */
function recorded(act: (db: Database) => void): string {
  const db = open()
  const collector = TraceCollector.start(db)
  act(db)
  return JSON.stringify(collector.stop())
}

function replay(json: string): { readonly feed: TraceFeed; readonly model: Model } {
  const feed = new TraceFeed('trace.json', readTrace(json))
  const model = new Model({ isBounded: false })
  feed.subscribe((update) => model.take(update))
  return { feed, model }
}

const edit = (db: Database): void => {
  db.set(file, 'a', 'four')
  db.get(isLong)
  db.set(file, 'a', 'fives')
  db.get(isLong)
  try {
    db.get(fails)
  } catch {}
  db.get(isLong)
}

describe('a saved trace', () => {
  it('shows its revisions with what they reached, its events, its counts, and the reads that runs tell of', async () => {
    const { feed, model } = replay(recorded(edit))
    expect(Array.from(model.revisions.values(), ({ revision, inputs, reached, ran, cutoffs, failures }) => ({ revision, inputs: inputs.map(({ id }) => id), reached: [...reached.keys()], ran: [...ran.keys()], cutoffs, failures }))).toEqual([
      { revision: 1, inputs: ['file(a)'], reached: [], ran: ['isLong()', 'size(a)'], cutoffs: 0, failures: 0 },
      { revision: 2, inputs: ['file(a)'], reached: ['size(a)', 'isLong()'], ran: ['size(a)', 'isLong()', 'fails()'], cutoffs: 1, failures: 1 },
    ])
    expect(model.totals).toMatchObject({ runs: 5, cutoffs: 1, failures: 1, jobs: 0 })
    expect(model.totals?.hits).toBeGreaterThan(0)
    expect(model.events).toHaveLength(feed.recording.events)
    expect(model.events.filter(({ type }) => type === 'inputSet').map(({ text }) => text)).toEqual(['"four"', '"fives"'])
    expect(model.events.find(({ type }) => type === 'queryFailed')).toMatchObject({ id: 'fails()', text: 'Error: no 5' })
    const [, runs] = ratesOf(model.samples, feed.recording.step)
    expect(runs?.reduce((sum, at) => sum + at, 0)).toBe(5)
    const { nodes, edges } = await feed.graph({})
    const name = new Map(nodes.map(({ key, id }) => [key, id]))
    expect(nodes.map(({ kind, id, state }) => `${kind} ${id} ${state}`)).toEqual(['input file(a) ready', 'derived isLong() ready', 'derived size(a) ready', 'derived fails() failed'])
    expect(edges.map(([from, to]) => `${name.get(from)} > ${name.get(to)}`)).toEqual(['isLong() > size(a)', 'size(a) > file(a)'])
    const [found] = await feed.search('FAILS')
    expect((await feed.graph({ focus: found?.key ?? -1, depth: 3 })).nodes.map(({ id }) => id)).toEqual(['fails()'])
  })

  it('is shown whole, however long it is, where a database is shown by its newest events', () => {
    const json = recorded((db) => {
      for (let i = 0; i < 4000; i++) db.set(file, 'a', String(i))
    })
    const { feed, model } = replay(json)
    expect([model.events.length, model.revisions.size]).toEqual([8000, 4000])
    const bounded = new Model()
    feed.subscribe((update) => bounded.take(update))
    expect([bounded.events.length, bounded.revisions.size]).toEqual([5000, 500])
  })

  it('the charts of a long one have a bounded number of points, and every run', () => {
    const trace = readTrace(recorded(edit))
    const event = trace.events.find(({ type }) => type === 'queryStarted')
    const events = Array.from({ length: 1000 }, (_, i) => ({ ...event, time: i * 1000, run: i + 1 }))
    const { feed, model } = replay(JSON.stringify({ ...trace, events, dropped: 7 }))
    const [times, runs] = ratesOf(model.samples, feed.recording.step)
    expect([times?.at(-1), runs?.reduce((sum, at) => sum + at, 0), feed.recording.dropped]).toEqual([999, 1000, 7])
    expect(model.samples).toHaveLength(300)
  })

  it('may be empty', async () => {
    const { feed, model } = replay(recorded(() => {}))
    expect([model.revisions.size, model.events, await feed.graph({})]).toEqual([0, [], { revision: 0, total: 0, nodes: [], edges: [] }])
  })
})

describe('another file', () => {
  const set = { sequence: 1, revision: 1, time: 5, type: 'inputSet', definition: 'file', args: ['a'], id: 'file(a)', value: 1 }
  const trace = (...events: unknown[]): string => JSON.stringify({ events, dropped: 0, startedAt: 0, stoppedAt: 9 })
  const cases: [what: string, json: string, path: string, wanted: RegExp][] = [
    ['no JSON', '<html>', '', /the file is not JSON/], ['nothing', 'null', '', /the file must be an object/], ['a list', '[]', '', /the file must be an object/],
    ['no events', '{"dropped":0,"startedAt":0,"stoppedAt":0}', 'events', /events must be a list/], ['another count', trace().replace('"dropped":0', '"dropped":"<b>"'), 'dropped', /dropped must be a whole number/],
    ['a time beyond numbers', trace().replace('"stoppedAt":9', '"stoppedAt":1e999'), 'stoppedAt', /must be a number/], ['a time beyond all clocks', trace({ ...set, time: 1e300 }), 'events[0].time', /must be a number/],
    ['an event that is none', trace(set, 7), 'events[1]', /must be an object/], ['a type nobody knows', trace({ ...set, type: '__proto__' }), 'events[0].type', /is no type of event/],
    ['a revision that is none', trace({ ...set, revision: -1 }), 'events[0].revision', /whole number/], ['an id that is none', trace({ ...set, id: { toString: 1 } }), 'events[0].id', /must be a text/],
    ['arguments that are none', trace({ ...set, args: 'a' }), 'events[0].args', /must be a list/], ['no reason', trace({ ...set, type: 'queryInvalidated' }), 'events[0].by', /must be an object/],
    ['an error that is none', trace({ ...set, type: 'queryFailed', run: 1, cause: 'new', duration: 1, error: { name: 'E' } }), 'events[0].error.message', /must be a text/],
    ['fields that are inherited', `{"events":[],"__proto__":{"dropped":0},"startedAt":0,"stoppedAt":0}`, 'dropped', /must be a whole number/],
  ]
  it.each(cases)('%s: is refused, and the message says where and why', (_what, json, path, wanted) => {
    const refusal = (): unknown => {
      try {
        return readTrace(json)
      } catch (error) {
        return error
      }
    }
    expect(refusal()).toBeInstanceOf(InvalidTraceError)
    expect(refusal()).toMatchObject({ path, message: expect.stringMatching(wanted) as unknown })
  })

  it('times out of order and names of many kinds do no harm', () => {
    const { model } = replay(trace(set, { ...set, time: -9e15 }, { ...set, time: 9e15, id: '__proto__', definition: '__proto__' }, { ...set, type: 'revisionBumped', revision: 3, time: 2 }))
    expect(model.events).toHaveLength(4)
    expect(model.samples.every(({ time }) => Number.isFinite(time))).toBe(true)
    expect(model.revisions.size).toBe(1)
  })
})
