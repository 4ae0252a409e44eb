/** The inspector over HTTP: who may ask, what is told, and that nothing is left behind. */
import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type Database, derived, input } from '../../src/index.js'
import { type FeedOptions, inspect, type Inspector, type InspectOptions } from '../../src/inspector/index.js'
import { LocalFeed } from '../../src/inspector/local-feed.js'
import type { CellData, GraphData, NodeLine, Update } from '../../src/inspector/protocol.js'
import { countedDatabases } from '../support/databases.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const fails = derived('fails', (q) => {
  throw new Error(`the secret is ${q.get(file, 'a')}`)
})

const open = countedDatabases()
let running: Inspector[] = []
afterEach(async () => {
  for (const inspector of running) await inspector.close()
  running = []
})

async function serve(options: InspectOptions = {}): Promise<{ readonly db: Database; readonly url: string; readonly port: number; readonly inspector: Inspector }> {
  const db = open()
  db.set(file, 'a', 'hidden treasure')
  db.get(size, 'a')
  const inspector = await inspect(db, options)
  running.push(inspector)
  return { db, url: inspector.url, port: Number(new URL(inspector.url).port), inspector }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

async function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    asked.on('error', reject).end()
  })
}

const json = async <T>(port: number, path: string): Promise<T> => JSON.parse((await ask(port, path)).text) as T

/** Reads updates as they come. */
async function updates(url: string): Promise<{ next(): Promise<Update>; end(): Promise<void>; readonly text: () => string }> {
  const leaving = new AbortController()
  const response = await fetch(`${url}api/updates`, { signal: leaving.signal })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let all = ''
  return {
    async next() {
      for (;;) {
        const end = rest.indexOf('\n\n')
        if (end >= 0) {
          const message = rest.slice('data: '.length, end)
          rest = rest.slice(end + 2)
          return JSON.parse(message) as Update
        }
        const { value, done } = await reader.read()
        if (done) throw new Error('ended')
        const part = decoder.decode(value, { stream: true })
        rest += part
        all += part
      }
    },
    async end() {
      leaving.abort()
      await reader.closed.catch(() => {})
    },
    text: () => all,
  }
}

describe('who may ask', () => {
  it('listens on 127.0.0.1, and refuses other hosts and the pages of others', async () => {
    const { port, url } = await serve()
    expect(url).toBe(`http://127.0.0.1:${port}/`)
    const own = { origin: `http://127.0.0.1:${port}` }
    const cases: [path: string, headers: Record<string, string>, method: string, status: number][] = [
      ['/', {}, 'GET', 200], ['/api/graph', {}, 'GET', 200], ['/api/graph', { host: `localhost:${port}` }, 'GET', 200], ['/api/graph', own, 'GET', 200],
      ['/', { host: 'evil.example' }, 'GET', 403], ['/api/graph', { host: `evil.example:${port}` }, 'GET', 403], ['/api/graph', { host: '127.0.0.1:1' }, 'GET', 403], ['/api/updates', { host: 'evil.example' }, 'GET', 403],
      ['/api/graph', { origin: 'http://evil.example' }, 'GET', 403], ['/api/updates', { origin: 'null' }, 'GET', 403], ['/api/graph', { origin: `https://127.0.0.1:${port}` }, 'GET', 403], ['/api/graph', { origin: 'http://127.0.0.1:1' }, 'GET', 403],
      ['/api/graph', { 'sec-fetch-site': 'cross-site' }, 'GET', 403], ['/api/graph', { 'sec-fetch-site': 'same-site' }, 'GET', 403], ['/', { 'sec-fetch-site': 'same-site' }, 'GET', 200],
      ['/api/take', {}, 'POST', 403], ['/api/take', { origin: 'http://evil.example' }, 'POST', 403], ['/api/take', own, 'POST', 200], ['/api/travel?id=99', own, 'POST', 500], ['/api/other', own, 'POST', 500],
      ['/api/other', {}, 'GET', 404], ['/../package.json', {}, 'GET', 404], ['/', {}, 'PUT', 403], ['/', own, 'PUT', 405],
    ]
    for (const [path, headers, method, status] of cases) expect([path, headers, method, (await ask(port, path, headers, method)).status]).toEqual([path, headers, method, status])
    const { headers, text } = await ask(port, '/')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(text).toContain('<div id="inspector"')
  })

  it('an address that is none is answered, and ends nothing', async () => {
    const { port } = await serve()
    for (const path of ['//', '///', 'http://[', '//:0/api/graph', '/api/graph?focus=%']) expect([path, (await ask(port, path)).status]).toEqual([path, path.startsWith('/api') ? 200 : 400])
    expect((await ask(port, '//', { host: 'evil.example' })).status).toBe(403)
    expect((await ask(port, '/api/graph')).status).toBe(200)
  })

  it('the name of the database cannot become markup', async () => {
    const { port } = await serve({ name: '"><script>alert(1)</script>' })
    expect((await ask(port, '/')).text).not.toContain('<script>alert')
  })

  it('options that are none are refused before anything listens, and the page of another place refuses them too', async () => {
    const db = open()
    for (const options of [{ port: 'x' }, { port: -1 }, { port: 1.5 }, { port: 70_000 }, { port: null }, { values: 'no' }, { name: 5 }, null, [], 4181]) {
      const error: unknown = await inspect(db, options as InspectOptions).then(async (inspector) => inspector.close(), (reason: unknown) => reason)
      expect({ options, error }).toMatchObject({ options, error: { name: 'InvalidDefinitionError', message: expect.stringMatching(/^(inspect|The inspector): (port|values|name|options) must be /) as string } })
    }
    await expect(inspect(null as unknown as Database)).rejects.toMatchObject({ name: 'InvalidDefinitionError' })
    expect(() => new LocalFeed(db, { values: 'no' } as unknown as FeedOptions)).toThrow('The inspector: values must be true or false')
    await inspect(db, { port: undefined, values: undefined } as unknown as InspectOptions).then(async (inspector) => inspector.close())
  })

  it('a port that is taken is an error', async () => {
    const { port } = await serve()
    await expect(inspect(open(), { port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('what is told', () => {
  it('the graph, a search, a record with its explanation', async () => {
    const { db, port } = await serve()
    const graph = await json<GraphData>(port, '/api/graph')
    expect(graph.nodes.map(({ id, kind, state }) => `${kind} ${id} ${state}`)).toEqual(['input file(a) ready', 'derived size(a) ready'])
    expect(graph.edges).toEqual([[graph.nodes[1]?.key, graph.nodes[0]?.key]])
    const [found] = await json<NodeLine[]>(port, '/api/search?text=SIZE')
    expect(found?.id).toBe('size(a)')
    db.set(file, 'a', 'changed')
    const cell = await json<CellData>(port, `/api/cell?key=${found?.key}`)
    expect(cell).toMatchObject({ id: 'size(a)', state: 'dirty', value: '15', revision: 2 })
    expect(cell.explanation).toContain('Because file(a) changed in revision 2')
    expect(cell.dependencies.map(({ id, seen, stamp }) => [id, seen === stamp])).toEqual([['file(a)', false]])
    const below = await json<CellData>(port, `/api/cell?key=${cell.dependencies[0]?.key}`)
    expect(below.dependents.map(({ id }) => id)).toEqual(['size(a)'])
    expect((await json<GraphData>(port, `/api/graph?focus=${found?.key}&depth=0`)).nodes.map(({ id }) => id)).toEqual(['size(a)'])
    expect(await json(port, '/api/cell?key=12345')).toBe(null)
    expect(await json(port, '/api/cell?key=x')).toBe(null)
  })

  it('revisions as they happen, and runs with their causes', async () => {
    const { db, url } = await serve()
    const stream = await updates(url)
    expect(await stream.next()).toMatchObject({ revision: 1, events: [], totals: { runs: 1 } })
    db.set(file, 'a', 'abc')
    db.get(size, 'a')
    const { events, revision, totals } = await stream.next()
    expect([revision, totals.runs, events.map(({ type, id, cause, by, text }) => [type, id ?? cause, cause ?? by ?? text])]).toEqual([2, 2, [
      ['revisionBumped', undefined, undefined], ['inputSet', 'file(a)', '"abc"'], ['queryInvalidated', 'size(a)', 'file(a)'], ['queryStarted', 'size(a)', 'file(a)'], ['queryComputed', 'size(a)', 'file(a)'], ['queryChanged', 'size(a)', undefined],
    ]])
    await stream.end()
  })

  it('no values and no messages where values are withheld', async () => {
    const { db, url, port } = await serve({ values: false })
    const stream = await updates(url)
    await stream.next()
    db.set(file, 'a', 'secret words')
    try {
      db.get(fails)
    } catch {}
    const { events } = await stream.next()
    expect(events.map(({ type, text }) => [type, text])).toContainEqual(['queryFailed', 'Error'])
    const texts = [stream.text()]
    for (const { key } of (await json<GraphData>(port, '/api/graph')).nodes) texts.push((await ask(port, `/api/cell?key=${key}`)).text)
    expect(texts.join('\n')).toContain('fails()')
    expect(texts.join('\n')).not.toMatch(/secret|treasure/)
    await stream.end()
  })

  it('snapshots can be looked at, travelled to, and let go', async () => {
    const { db, port, url } = await serve()
    const own = { origin: url.slice(0, -1) }
    const stream = await updates(url)
    await stream.next()
    await ask(port, '/api/take', own, 'POST')
    expect((await stream.next()).snapshots).toEqual([{ id: 1, revision: 1, label: 'snapshot 1' }])
    db.set(file, 'b', 'new')
    db.remove(file, 'a')
    const [found] = await json<NodeLine[]>(port, '/api/search?text=size')
    expect((await json<CellData>(port, `/api/cell?key=${found?.key}&snapshot=1`)).state).toBe('ready')
    expect((await json<CellData>(port, `/api/cell?key=${found?.key}`)).state).toBe('dirty')
    expect((await json<GraphData>(port, '/api/graph?snapshot=1')).nodes.map(({ id }) => id)).toEqual(['file(a)', 'size(a)'])
    expect((await ask(port, '/api/travel?id=1', own, 'POST')).status).toBe(200)
    expect([db.keys(file), db.get(file, 'a'), db.revision]).toEqual([['a'], 'hidden treasure', 4])
    await ask(port, '/api/drop?id=1', own, 'POST')
    expect((await ask(port, '/api/travel?id=1', own, 'POST')).status).toBe(500)
    await stream.end()
  })
})

describe('what it costs', () => {
  it('[EVT-6 DBG-7] nothing before a page is open, and nothing after; looking leaves no trace', async () => {
    const { db, url, port, inspector } = await serve()
    const quiet = (): unknown => [db.stats().events, db.stats().counting]
    db.set(file, 'a', '1')
    await json(port, '/api/graph')
    expect(quiet()).toEqual([0, false])
    const stream = await updates(url)
    await stream.next()
    db.set(file, 'a', '2')
    expect(quiet()).toEqual([3, true])
    await stream.next()
    await inspector.close()
    await expect(stream.next()).rejects.toThrow(/ended|terminated/)
    db.set(file, 'a', '3')
    expect(quiet()).toEqual([3, false])
  })
})
