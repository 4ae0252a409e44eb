/** Files that were damaged, swapped or cut: nothing but the state that was saved is ever loaded from them. */
import { createDatabase, type Database, derived, input } from 'pebre'
import { CacheError, loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'
import { Decoder, Encoder } from '../../src/persist/codec.js'
import { crc32 } from '../../src/persist/checksum.js'
import { endOf, FORMAT_VERSION, openBytes, prefixOf } from '../../src/persist/layout.js'
import { blockOf } from '../support/block.js'
import { forSeeds } from '../support/random.js'

const file = input<[path: string], unknown>('file')
const option = input<[], number>('option', { initial: 3 })
const parsed = derived('parsed', (q, path: string) => ({ path, value: q.get(file, path), option: q.get(option) }))
const listed = derived('listed', async (q) => q.keys(file).map((path) => q.get(parsed, path).path))
const definitions = [file, option, parsed, listed]
const name = 'c'

/** Some ten thousand bytes, with every kind of record and block. */
async function realFile(): Promise<Uint8Array> {
  const db = createDatabase({ definitions })
  db.batch((tx) => {
    for (let i = 0; i < 60; i++) tx.set(file, `docs/page-${i}.md`, i % 7 === 0 ? new Map([[`k${i}`, -0]]) : { title: `Page ${i}`, tags: ['a', `t${i}`], body: 'text '.repeat(i % 29), at: new Date(i * 1e9) })
  })
  for (let i = 0; i < 61; i++) db.get(parsed, `docs/page-${i}.md`)
  await db.get(listed)
  const port = new MemoryPort()
  await saveCache(db, { port, name })
  return (await port.read(name)) as Uint8Array
}

/** A port with one file, whose bytes are handed over as they are. */
class OneFile extends MemoryPort {
  bytes: Uint8Array
  removed = 0

  constructor(bytes: Uint8Array) {
    super()
    this.bytes = bytes
  }

  override async read(): Promise<Uint8Array> {
    return this.bytes
  }

  override async size(): Promise<number> {
    return this.bytes.length
  }

  override async remove(): Promise<void> {
    this.removed++
  }
}

async function refusal(db: Database, port: OneFile, bytes: Uint8Array): Promise<string> {
  port.bytes = bytes
  try {
    await loadCache(db, { port, name })
  } catch (error) {
    if (error instanceof CacheError) return error.code
    throw error
  }
  return 'loaded'
}

async function refusals(all: Iterable<Uint8Array>): Promise<Map<string, number>> {
  const db = createDatabase({ definitions })
  const port = new OneFile(new Uint8Array())
  const codes = new Map<string, number>()
  for (const bytes of all) {
    const code = await refusal(db, port, bytes)
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  expect([db.revision, db.stats().inputs, db.stats().queries]).toEqual([0, 0, 0])
  return codes
}

describe('damage', () => {
  it('[PER-3 PER-5] every flipped bit is found', async () => {
    const bytes = await realFile()
    expect(bytes.length).toBeGreaterThan(8_000)
    function* flipped(): Generator<Uint8Array> {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        yield bytes
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      }
    }
    expect([...(await refusals(flipped()))]).toEqual([['corrupt', bytes.length * 8]])
  }, 120_000)

  it('[PER-3] every truncation, every growth, zeros and garbage', async () => {
    const bytes = await realFile()
    function* cut(): Generator<Uint8Array> {
      for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
      for (const more of [1, 4, 5000]) yield Uint8Array.from([...bytes, ...new Uint8Array(more)])
      yield Uint8Array.from([...bytes, ...bytes])
    }
    expect([...(await refusals(cut()))]).toEqual([['corrupt', bytes.length + 4]])
    const others = [new Uint8Array(5000), new Uint8Array(3), new TextEncoder().encode('{"json": true}'), crypto.getRandomValues(new Uint8Array(2000))]
    expect([...(await refusals(others))]).toEqual([['foreign', 4]])
  }, 60_000)

  it('[PER-3] parts of the file and of others, put together at random', async () => {
    const bytes = await realFile()
    const other = bytes.slice()
    await forSeeds(400, async (random) => {
      const int = (limit: number): number => random.int(limit)
      const parts: Uint8Array[] = []
      for (let n = 1 + int(5); n > 0; n--) {
        const from = int(bytes.length)
        parts.push(random.pick([bytes, other, new Uint8Array(500)]).subarray(from, from + int(3000)))
      }
      const at = int(bytes.length)
      const spliced = Uint8Array.from([...bytes.subarray(0, at), ...parts.flatMap((part) => [...part]), ...bytes.subarray(at + int(100))])
      if (!Buffer.from(spliced).equals(bytes)) expect([...(await refusals([spliced])).keys()]).toEqual(['corrupt'])
    })
  }, 60_000)

  it('[PER-3 PER-10] sections in another order, twice, or with other contents, in a file whose checksums fit', async () => {
    const bytes = await realFile()
    const [encoder, decoder] = [new Encoder(), new Decoder()]
    const { header, body } = openBytes(bytes, decoder)
    const build = (order: readonly number[], change: (head: unknown[], section: Uint8Array) => Uint8Array = (_, section) => section): Uint8Array => {
      const sections: Uint8Array[] = []
      const heads = order.map((i) => {
        const head = header.sections[i] as (typeof header.sections)[number]
        const form: unknown[] = [head.type, head.name, head.version, head.count, head.bytes, head.crc, head.rest, head.initial]
        sections.push(change(form, body[i] as Uint8Array))
        return form
      })
      const chunks = [prefixOf(encoder.pack([header.revision, null, heads])), ...sections]
      const whole = Buffer.concat(chunks)
      return new Uint8Array(Buffer.concat([whole, endOf(crc32(whole))]))
    }
    const refit = (head: unknown[], section: Uint8Array): Uint8Array => {
      head[4] = section.length
      head[5] = crc32(section)
      return section
    }
    const names = header.sections.map((head) => head.name)
    expect(names).toEqual(['file', 'option', 'listed', 'parsed'])
    expect([...(await refusals([build([0, 1, 2, 3, 3]), build([0, 0, 1, 2, 3])]))]).toEqual([['corrupt', 2]])
    const recordTwice = build([0, 1, 2, 3], (head, section) => {
      if (head[1] !== 'file') return section
      head[3] = 2 * (head[3] as number)
      return refit(head, new Uint8Array(Buffer.concat([section, section])))
    })
    const swapped = build([0, 1, 2, 3], (head, section) => (head[1] === 'file' ? refit(head, body[3] as Uint8Array) : section))
    const fewer = build([0, 1, 2, 3], (head, section) => (head[1] === 'file' ? refit(head, section.subarray(0, 0)) : section))
    const endless = build([0, 1, 2, 3], (head, section) => {
      head[3] = 2 ** 40
      return section
    })
    const block = (form: unknown) => build([0, 1, 2, 3], (head, section) => (head[1] === 'parsed' ? refit(head, blockOf(encoder.pack(form))) : section))
    const bomb = new Uint8Array(100_004).fill(0x91)
    new DataView(bomb.buffer).setUint32(0, 100_000, true)
    const deep = build([0, 1, 2, 3], (head, section) => (head[1] === 'parsed' ? refit(head, bomb) : section))
    const crafted = [recordTwice, swapped, fewer, endless, deep, block(null), block([[1], [1], 0, [[10_000]]]), block([[1], [1], 0, [[-1]]]), block([[1], [1], 0, 'x']), block([['\0'], [], 0, []])]
    const codes = await refusals(crafted)
    expect(codes.get('corrupt')).toBe(crafted.length)
  })

  it('[PER-4 PER-7] a newer version, a foreign file and an unreadable one are never removed; a damaged one of ours is, if asked', async () => {
    const bytes = await realFile()
    const newer = bytes.slice()
    new DataView(newer.buffer).setUint32(8, FORMAT_VERSION + 1, true)
    new DataView(newer.buffer).setUint32(12, crc32(newer.subarray(0, 12)), true)
    const db = createDatabase({ definitions })
    const load = async (given: Uint8Array, onCorrupt: 'error' | 'ignore' | 'delete'): Promise<unknown[]> => {
      const port = new OneFile(given)
      const result = await loadCache(db, { port, name }, { onCorrupt }).then((report) => (report.loaded ? 'loaded' : report.reason), (error: unknown) => error)
      return [result instanceof CacheError ? result.code : result, port.removed]
    }
    const damaged = bytes.slice(0, -1)
    const foreign = new TextEncoder().encode('something else altogether')
    const table: Record<string, unknown[]> = {}
    for (const [kind, given] of Object.entries({ damaged, foreign, newer, empty: new Uint8Array() })) {
      table[kind] = []
      for (const policy of ['error', 'ignore', 'delete'] as const) table[kind].push(...(await load(given, policy)))
    }
    expect(table).toEqual({
      damaged: ['corrupt', 0, 'corrupt', 0, 'corrupt', 1], foreign: ['foreign', 0, 'foreign', 0, 'foreign', 0], newer: ['newer', 0, 'newer', 0, 'newer', 0], empty: ['corrupt', 0, 'corrupt', 0, 'corrupt', 1],
    })
    await expect(loadCache(db, { port: new OneFile(newer), name })).rejects.toThrow(`format version ${FORMAT_VERSION + 1}, and this program reads up to ${FORMAT_VERSION}`)
    const unreadable = new OneFile(bytes)
    unreadable.read = async () => { throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }) }
    await expect(loadCache(db, { port: unreadable, name }, { onCorrupt: 'delete' })).rejects.toMatchObject({ code: 'storage' })
    expect([db.revision, unreadable.removed]).toEqual([0, 0])
    expect(await load(bytes, 'delete')).toEqual(['loaded', 0])
  })

  it('[PER-2] the file is what the page on its format says', async () => {
    const bytes = await realFile()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const header = view.getUint32(16, true)
    expect([new TextDecoder('latin1').decode(bytes.subarray(0, 8)), view.getUint32(8, true)]).toEqual(['PEBRE\r\n\x1a', 1])
    expect([view.getUint32(12, true), view.getUint32(20, true), view.getUint32(bytes.length - 4, true)]).toEqual([
      crc32(bytes.subarray(0, 12)), crc32(Buffer.concat([bytes.subarray(16, 20), bytes.subarray(24, 24 + header)])), crc32(bytes.subarray(0, -4)),
    ])
    const { header: { sections }, body } = openBytes(bytes, new Decoder())
    expect(sections.map(({ type, name: of, count, rest }) => [type, of, count, rest])).toEqual([['input', 'file', 61, 'absent'], ['input', 'option', 1, 'initial'], ['derived', 'listed', 1, 'async'], ['derived', 'parsed', 61, 'sync']])
    expect(body.map((section, i) => crc32(section) === sections[i]?.crc)).toEqual([true, true, true, true])
  })
})
