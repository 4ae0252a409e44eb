/**
 * A server that takes a snapshot for each request, under load on the loopback, while writes go on. Every answer is compared with a model; none may be
 * wrong, torn or older than the one before it on its connection, and the memory of the server may not grow. Ends with 1 where anything of this
 * does not hold.
 *
 *   npm run load                                                  this, then the live site
 *   node bench/dist/load/run.js [--seconds 30 --connections 64]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Connection, type Log } from './connection.js'
import { Model } from './model.js'
import type { Facts } from './server.js'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' }, connections: { type: 'string', default: '64' } } })
const [seconds, connections] = [Number(values.seconds), Number(values.connections)]
/** What the server may hold more at the end than after a third of the time. */
const allowedGrowth = 4 * 2 ** 20

const server = fork(new URL('server.js', import.meta.url), [], { execArgv: ['--expose-gc'], env: { ...process.env, NODE_ENV: 'production' } })

async function ask(): Promise<Facts> {
  const answer = once(server, 'message') as Promise<[Facts]>
  server.send('facts')
  return (await answer)[0]
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

function report({ latencies, left }: Log, elapsed: number, before: Facts, after: Facts): void {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1)
  console.log(`${connections} connections for ${elapsed.toFixed(0)} s: ${(sorted.length / elapsed).toFixed(0)} requests a second, ${left} left before the answer`)
  console.log(`meanwhile ${(after.editions / elapsed).toFixed(0)} writes and ${(after.runs / elapsed).toFixed(0)} runs a second`)
  console.log(`latency: median ${at(0.5)} ms, 90% ${at(0.9)} ms, 99% ${at(0.99)} ms, 99.9% ${at(0.999)} ms, longest ${at(1)} ms`)
  console.log(`memory of the server ${mebibytes(before.heap)} after a third of the time, ${mebibytes(after.heap)} at the end; ${after.jobs} jobs left`)
}

const [{ port }] = (await once(server, 'message')) as [{ port: number }]
const log: Log = { latencies: [], faults: [], left: 0 }
const model = new Model()
const began = performance.now()
const clients = Array.from({ length: connections }, () => new Connection(port, model, log))
await setTimeout((seconds * 1000) / 3)
const before = await ask()
await setTimeout((seconds * 2000) / 3)
const elapsed = (performance.now() - began) / 1000
for (const client of clients) client.end()
let after = await ask()
// The jobs of those who left end once the server has got to know of it.
for (let lap = 0; after.jobs > 0 && lap < 100; lap++) {
  await setTimeout(100)
  after = await ask()
}
report(log, elapsed, before, after)
const ended = once(server, 'exit') as Promise<[number]>
server.send('end')
const [code] = await ended
const faults = [...log.faults]
if (code !== 0) faults.push(`The server ended with ${code}.`)
if (after.jobs !== 0) faults.push(`${after.jobs} jobs have not ended.`)
if (after.heap - before.heap > allowedGrowth) faults.push(`The memory has grown by ${mebibytes(after.heap - before.heap)}.`)
console.log(faults.length === 0 ? 'no answer was wrong, torn or out of order' : `${faults.length} faults`)
for (const fault of faults.slice(0, 20)) console.log(fault)
if (faults.length > 0) process.exitCode = 1
