/** Each check of a cache file by itself: the other checksums are made to fit. */
import { createDatabase, derived, input } from 'pebre'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/persist/checksum.js'
import { Decoder, Encoder } from '../../src/persist/codec.js'
import { endOf, FORMAT_VERSION, openBytes, prefixOf } from '../../src/persist/layout.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const definitions = [file, size]
const name = 'cache'

async function saved(): Promise<Uint8Array> {
  const db = createDatabase({ definitions })
  for (const path of ['a', 'b', 'c']) db.set(file, path, path.repeat(9))
  for (const path of ['a', 'b', 'c']) db.get(size, path)
  const port = new MemoryPort()
  await saveCache(db, { port, name })
  return (await port.read(name)) as Uint8Array
}

/** What a load says of the bytes. */
async function answer(bytes: Uint8Array): Promise<string> {
  const db = createDatabase({ definitions })
  const port = new MemoryPort()
  await port.write(name, [bytes])
  return loadCache(db, { port, name }).then(
    () => 'loaded',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  )
}

/** The same parts with a last checksum that fits. */
const ended = (...parts: Uint8Array[]): Uint8Array => {
  const whole = Buffer.concat(parts)
  return new Uint8Array(Buffer.concat([whole, endOf(crc32(whole))]))
}

/** A block: the length of its payload, and the payload. */
function packed(form: unknown): Uint8Array {
  const payload = new Encoder().pack(form)
  const bytes = new Uint8Array(4 + payload.length)
  new DataView(bytes.buffer).setUint32(0, payload.length, true)
  bytes.set(payload, 4)
  return bytes
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

/** The file with its header made anew. */
async function rebuilt(change: (heads: unknown[][], sections: Uint8Array[]) => void, extra: Uint8Array = new Uint8Array()): Promise<Uint8Array> {
  const { header, body } = openBytes(await saved(), new Decoder())
  const heads = header.sections.map((head) => [head.type, head.name, head.version, head.count, head.bytes, head.crc, head.rest, head.initial] as unknown[])
  const sections = [...body]
  change(heads, sections)
  return ended(prefixOf(new Encoder().pack([header.revision, null, heads])), ...sections, extra)
}

describe('each check by itself', () => {
  it('[PER-2 PER-3] the checksums of the header, of a section and of the whole', async () => {
    const bytes = await saved()
    const { length } = bytes
    const whole = bytes.subarray(0, length - 4)
    expect(await answer(ended(whole))).toBe('loaded')
    expect(await answer(ended(flipped(whole, 30)))).toContain('corrupt: The file is damaged: its header was changed')
    expect(await answer(ended(flipped(whole, length - 8)))).toContain('corrupt: The file is damaged: the section "size" was changed')
    expect(await answer(flipped(bytes, length - 1))).toContain('corrupt: The file is damaged: its last checksum does not fit')
  })

  it('[PER-3 PER-10] bytes that belong to no section, a section twice, a record twice', async () => {
    expect(await answer(await rebuilt(() => {}))).toBe('loaded')
    expect(await answer(await rebuilt(() => {}, new Uint8Array(3)))).toContain('corrupt: The file is damaged: 3 bytes follow its end')
    expect(await answer(await rebuilt((heads, sections) => {
      heads.push(heads[0] as unknown[])
      sections.push(sections[0] as Uint8Array)
    }))).toContain('corrupt: The file is damaged: two sections are named "file"')
    expect(await answer(await rebuilt((heads, sections) => {
      const twice = packed([['a', 'a'], ['x', 'y'], 0])
      sections[0] = twice
      Object.assign(heads[0] as unknown[], { 3: 2, 4: twice.length, 5: crc32(twice) })
    }))).toContain('a record twice')
  })

  it('[PER-3 PER-11] a result that was made from no record of the file', async () => {
    for (const link of [-2, 1000, 2.5]) {
      expect(await answer(await rebuilt((heads, sections) => {
        const block = packed([['a'], [9], 0, [[link]]])
        sections[1] = block
        Object.assign(heads[1] as unknown[], { 3: 1, 4: block.length, 5: crc32(block) })
      }))).toContain('corrupt')
    }
  })

  it('[PER-7] the version of the format', async () => {
    const newer = (await saved()).slice()
    const view = new DataView(newer.buffer)
    view.setUint32(8, FORMAT_VERSION + 1, true)
    view.setUint32(12, crc32(newer.subarray(0, 12)), true)
    expect(await answer(ended(newer.subarray(0, -4)))).toContain(`newer: The file has format version ${FORMAT_VERSION + 1}`)
  })
})

describe('what no writer has written, under checksums that fit', () => {
  const withFile = (keys: unknown[], values: unknown[] = keys): Promise<Uint8Array> => rebuilt((heads, sections) => {
    const block = packed([keys, values, 0])
    sections[0] = block
    Object.assign(heads[0] as unknown[], { 3: keys.length, 4: block.length, 5: crc32(block) })
    heads.pop()
    sections.pop()
  })

  it('[PER-3 PER-10] sections in another order, a record twice in a section nobody knows', async () => {
    expect(await answer(await rebuilt((heads, sections) => {
      heads.reverse()
      sections.reverse()
    }))).toContain('corrupt: The file is damaged: the section "file" is out of its place')
    const unknown = (keys: unknown[]): Promise<Uint8Array> => rebuilt((heads, sections) => {
      const block = packed([keys, keys, 0])
      heads[0] = ['input', 'other', 0, keys.length, block.length, crc32(block), 'absent', []]
      sections[0] = block
      heads.pop()
      sections.pop()
    })
    expect(await answer(await unknown(['a', 'b', ['a', 1], ['a', 2]]))).toBe('loaded')
    for (const keys of [['a', 'a'], ['b', 'a'], [['a', 1], ['a', 1]]]) expect(await answer(await unknown(keys))).toContain('a record twice, or out of its place')
  })

  it('[PER-3 PER-2] marks of a section that are none, and more than a section has', async () => {
    for (const marks of [[0], [1], [2], [3]]) expect(await answer(await rebuilt((heads) => void heads[0]?.push(...marks)))).toBe('loaded')
    for (const marks of [[4], [-1], [0.5], ['1'], [null], [0, 0]]) expect(await answer(await rebuilt((heads) => void heads[0]?.push(...marks)))).toContain('corrupt')
  })

  it('[PER-3 PER-10] one key in two forms', async () => {
    expect(await answer(await withFile([undefined, 'a', ['a', 'b']]))).toBe('loaded')
    for (const key of [['a'], [], ['a', undefined], { a: 1 }]) expect(await answer(await withFile(['a', key]))).toContain('a key that is none')
  })

  it('[PER-20] a revision after which nothing can be counted', async () => {
    for (const [revision, expected] of [[2 ** 52 - 1, 'loaded'], [2 ** 52, 'corrupt'], [Number.MAX_SAFE_INTEGER, 'corrupt'], [2 ** 53, 'corrupt']] as const) {
      const { header, body } = openBytes(await saved(), new Decoder())
      const heads = header.sections.map((head) => [head.type, head.name, head.version, head.count, head.bytes, head.crc, head.rest, head.initial])
      expect(await answer(ended(prefixOf(new Encoder().pack([revision, null, heads])), ...body))).toContain(expected)
    }
  })

  it('[PER-3] the declared length of an array takes no memory', async () => {
    const sparse = Array.from({ length: 40 }, () => ['\0', 8, 30_000_000])
    const before = process.memoryUsage.rss()
    expect(await answer(await withFile(['a'], [['\0', 0, sparse]]))).toBe('loaded')
    expect(process.memoryUsage.rss() - before).toBeLessThan(500e6)
  })

  it('[PER-17] bytes that stand where a value belongs are copied', async () => {
    const bytes = await withFile(['a'], [new Uint8Array([1, 2, 3])])
    const port = new MemoryPort()
    port.read = async () => bytes
    await port.write(name, [bytes])
    const db = createDatabase({ definitions })
    await loadCache(db, { port, name })
    expect((db.get(file, 'a') as unknown as Uint8Array).buffer).not.toBe(bytes.buffer)
  })
})
