/**
 * The process that is put under load: each request takes a snapshot of the database, asks it for a statement, and disposes it, while writes go on.
 * Every eighth request writes into its snapshot first, as a draft: nobody else may see that. A client that goes away ends its query.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createDatabase, derived, input } from 'pebre'
import { accounts, moveOf, perStatement, type Statement } from './model.js'

const writesPerSecond = 500
const began = performance.now()

const edition = input<[], number>('edition', { initial: 0 })
const balance = input<[account: number], number>('balance', { initial: 0 })
const group = derived('group', (q, at: number) => Array.from({ length: perStatement }, (_, place) => q.get(balance, at * perStatement + place)))
const groupSum = derived('groupSum', (q, at: number) => q.get(group, at).reduce((sum, one) => sum + one, 0))
const sum = derived('sum', (q) => Array.from({ length: accounts / perStatement }, (_, at) => q.get(groupSum, at)).reduce((all, one) => all + one, 0))
/** It waits between its reads, so that writes come in between. */
const statement = derived('statement', async (q, at: number): Promise<Statement> => {
  const number = q.get(edition)
  const balances: number[] = []
  for (let place = 0; place < perStatement; place++) {
    if (place % 10 === 5) await setImmediate()
    balances.push(q.get(balance, at * perStatement + place))
  }
  return { edition: number, balances, sum: q.get(sum) }
})

const db = createDatabase({ definitions: [edition, balance, group, groupSum, sum, statement] })

/** As many as are due, however busy the process is. */
function write(): void {
  const due = ((performance.now() - began) / 1000) * writesPerSecond
  while (db.get(edition) < due) move()
}

function move(): void {
  db.batch((tx) => {
    const { from, to, amount } = moveOf(tx.get(edition) + 1)
    tx.update(edition, (old) => old + 1)
    tx.update(balance, from, (old) => old - amount)
    tx.update(balance, to, (old) => old + amount)
  })
}

/** What it says of itself, after a full collection. */
export interface Facts {
  readonly heap: number
  /** Writes so far. */
  readonly editions: number
  readonly jobs: number
  readonly runs: number
}

let requests = 0

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = Number(request.url?.slice(1))
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  using view = db.snapshot()
  if (++requests % 8 === 0) {
    using draft = view.snapshot()
    draft.batch((tx) => {
      for (let place = 0; place < perStatement; place++) tx.set(balance, at * perStatement + place, NaN)
    })
    const { balances } = await draft.with({ signal: gone.signal }).get(statement, at)
    if (!balances.every(Number.isNaN)) throw new Error(`A draft does not see its own writes: ${balances.join()}`)
  }
  const body = JSON.stringify(await view.with({ signal: gone.signal }).get(statement, at))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const reason = Buffer.from(String(error))
    if (!response.destroyed) response.writeHead(500, { 'content-length': reason.length }).end(reason)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
const writing = setInterval(write, 1)

/** What the process that measures wants to know; "end" ends this one, if nothing keeps it. */
process.on('message', (message) => {
  if (message === 'end') {
    clearInterval(writing)
    db.close()
    server.close()
    server.closeAllConnections()
    process.disconnect()
  } else {
    globalThis.gc?.()
    const { jobs, runs } = db.stats()
    process.send?.({ heap: process.memoryUsage().heapUsed, editions: db.get(edition), jobs, runs } satisfies Facts)
  }
})
