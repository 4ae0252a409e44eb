/** Who may ask, and for what. */
import { once } from 'node:events'
import { symlink, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Database } from 'pebre'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { readInto } from '../src/files.js'
import { file } from '../src/inputs.js'
import { createLog } from '../src/log.js'
import { openSite } from '../src/serve.js'
import { type Listening, listen, type Message } from '../src/server.js'
import { temporaryFolder } from './support/process.js'

const png = Buffer.from('89504e47', 'hex').toString('latin1')

let db: Database
let site: Listening
let port: number
let root: string

beforeAll(async () => {
  const outside = await temporaryFolder({ 'secret.txt': 'secret' })
  root = await temporaryFolder({
    'index.md': '# Home', 'a b/ü.md': '# Ü', 'bad.md': '---\norder: x\n---\n', 'p.png': png, 'style.css': 'a{}', 'swap.txt': 'mine', '.env': 'SECRET',
  })
  const log = createLog('silent', process.stdout)
  db = openSite(root, { html: false, static: false }, log)
  await readInto(db, root, [''], (error) => expect.unreachable(String(error)))
  await unlink(join(root, 'swap.txt'))
  await symlink(join(outside, 'secret.txt'), join(root, 'swap.txt'))
  site = await listen({ db, root, log }, '127.0.0.1', 0)
  port = Number(new URL(site.url).port)
})

afterAll(async () => {
  await site.close()
  db.close()
})

/** One request, byte by byte as it stands: no client tidies its path. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; text: string }> {
  const socket = connect(port, '127.0.0.1')
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  const text = Buffer.concat(chunks).toString()
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }
}

describe('requests', () => {
  it.each([
    ['/', 200, 'text/html'],
    ['/a%20b/%C3%BC', 200, 'text/html'],
    ['/index.md', 302, '/'],
    ['/bad', 500, 'order must be a number'],
    ['/nope', 404, 'Nothing here'],
    ['/p.png', 200, 'image/png'],
    ['/style.css', 200, 'text/css'],
    ['/_site/site.css', 200, 'text/css'],
    ['/_site/client.js', 200, 'javascript'],
    ['/_site/idiomorph.js', 200, 'javascript'],
    ['/_site/nope', 404, ''],
    ['/_site/..%2fpackage.json', 404, ''],
  ])('%s is answered with %i', async (path, status, part) => {
    const answer = await ask(path)
    expect(answer.status).toBe(status)
    expect(answer.text.toLowerCase()).toContain(part.toLowerCase())
  })

  it.each([
    '/../../etc/passwd', '/..%2f..%2f..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/a%20b/..%2f..%2fetc/passwd', '/..%5c..%5cetc',
    '/%00', '/%zz', '//etc/passwd', '/.env', '/swap.txt', '/a%20b/../.env',
  ])('%s is refused or not there', async (path) => {
    const answer = await ask(path)
    expect([403, 404]).toContain(answer.status)
    expect(answer.text).not.toMatch(/root:|SECRET|secret/)
  })

  it('another Host is refused, everywhere; this machine has several names', async () => {
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `127.0.0.1:${port}.evil.example`, '']) {
      for (const path of ['/', '/p.png', '/_site/client.js', '/_site/live']) expect((await ask(path, { Host: host })).status).toBeGreaterThanOrEqual(400)
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`]) expect((await ask('/', { Host: host })).status).toBe(200)
  })

  it('only reading is answered', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await fetch(site.url, { method })).status).toBe(404)
  })
})

/** The first message, or the reason for none. */
async function listenTo(page: string, headers: Readonly<Record<string, string>>): Promise<{ socket: WebSocket; first: Promise<Message | string> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/_site/live?page=${encodeURIComponent(page)}`, { headers })
  const first = new Promise<Message | string>((resolve) => {
    socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()) as Message))
    socket.once('error', (error) => resolve(error.message))
  })
  return { socket, first }
}

describe('the live channel', () => {
  it('is for pages of this site only', async () => {
    const own = `http://127.0.0.1:${port}`
    const strange = ['http://evil.example', `https://127.0.0.1:${port}`, 'null', `${own}.evil.example`].map((origin) => ({ origin }))
    for (const headers of [{}, ...strange, { origin: own, host: 'evil.example' }]) {
      const { first } = await listenTo('/', headers)
      expect(await first).toContain('403')
    }
  })

  it('tells the page, its failure, and that it is well again', async () => {
    const { socket, first } = await listenTo('/', { origin: `http://127.0.0.1:${port}` })
    expect(await first).toMatchObject({ type: 'page', html: expect.stringContaining('Home') as string })
    const next = async (): Promise<Message> => JSON.parse(String(((await once(socket, 'message')) as [Buffer])[0])) as Message
    const failed = next()
    db.set(file, 'index.md', '---\ntitle: [\n---\n')
    expect(await failed).toMatchObject({ type: 'failed', failure: { page: 'index.md' } })
    const healed = next()
    db.set(file, 'index.md', '# Well again')
    expect(await healed).toMatchObject({ type: 'page', html: expect.stringContaining('Well again') as string })
    socket.close()
    await once(socket, 'close')
  })

  it('one who does not read is told the newest when he does, and not all that he missed', async () => {
    const long = (edit: number): string => `# Edit ${edit}\n\n${'word '.repeat(100_000)}\n`
    const headers = { origin: `http://127.0.0.1:${port}` }
    const [slow, quick] = await Promise.all([listenTo('/', headers), listenTo('/', headers)])
    await Promise.all([slow.first, quick.first])
    const missed: string[] = []
    slow.socket.on('message', (data: Buffer) => missed.push(/Edit \d+/.exec(data.toString())?.[0] ?? ''))
    slow.socket.pause()
    for (let edit = 1; edit <= 60; edit++) {
      const told = once(quick.socket, 'message')
      db.set(file, 'index.md', long(edit))
      await told
    }
    slow.socket.resume()
    while (missed.at(-1) !== 'Edit 60') await once(slow.socket, 'message')
    // What was on the wire already comes first.
    expect(missed.length).toBeLessThan(40)
    for (const { socket } of [slow, quick]) socket.close()
    db.set(file, 'index.md', '# Home')
  })

  it('a place that does not exist is told of as soon as it does, and outside of the root there is none', async () => {
    const { socket, first } = await listenTo('/later', { origin: `http://localhost:${port}` })
    expect(await first).toMatchObject({ html: expect.stringContaining('Nothing here') as string })
    const next = once(socket, 'message') as Promise<[Buffer]>
    db.set(file, 'later.md', '# Later')
    expect(JSON.parse(String((await next)[0]))).toMatchObject({ html: expect.stringContaining('Later') as string })
    socket.close()
    const refused = await listenTo('/../../etc/passwd', { origin: `http://localhost:${port}` })
    expect(await refused.first).toEqual({ type: 'moved', to: '/' })
    refused.socket.close()
  })
})
