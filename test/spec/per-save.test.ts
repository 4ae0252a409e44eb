/** Saving: how it goes on beside everything else, and what is left when it cannot go on. */
import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, type Database, derived, input } from 'pebre'
import { CacheError, loadCache, MemoryPort, saveCache } from 'pebre/persist'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareKeys, orderOf, textOfArgs } from '../../src/persist/order.js'
import { Slices } from '../../src/persist/slices.js'
import { forSeeds } from '../support/random.js'
import { turnsDuring } from '../support/turns.js'

const file = input<[key: string], { readonly title: string; readonly list: readonly number[] }>('file')
const page = derived('page', (q, key: string) => ({ key, title: q.get(file, key)?.title }))
const definitions = [file, page]

function filled(count: number, text = ''): Database {
  const db = createDatabase({ definitions })
  db.batch((tx) => {
    for (let i = 0; i < count; i++) tx.set(file, `page ${(i * 7919) % count}`, { title: `Title ${i}${text}`, list: [i, i + 1] })
  })
  for (let i = 0; i < count; i++) db.get(page, `page ${i}`)
  return db
}

/** The state a file holds. */
async function held(port: MemoryPort, name: string): Promise<string> {
  const db = createDatabase({ definitions })
  await loadCache(db, { port, name })
  return db.keys(file).map((key) => db.get(file, key)?.title ?? '').toSorted((a, b) => (a < b ? -1 : 1)).join()
}

describe('saving goes on beside everything else', () => {
  it('[PER-13] the event loop is not held for more than 10 ms', async () => {
    const db = filled(40_000)
    const port = new MemoryPort()
    await saveCache(db, { port, name: 'warm' })
    const turns = await turnsDuring(() => saveCache(db, { port, name: 'c' }))
    // A collection of garbage may fall into a turn, and helps itself to other threads.
    expect({ turns: turns.length > 20, typical: (turns[Math.floor(turns.length / 2)] as number) < 10, nearlyAll: (turns[Math.floor(turns.length * 0.9)] as number) < 20 })
      .toEqual({ turns: true, typical: true, nearlyAll: true })
  }, 60_000)

  it('[PER-16] sorting in slices is sorting', async () => {
    await forSeeds(20, async (random) => {
      const int = (limit: number): number => random.int(limit)
      const list = Array.from({ length: int(9000) }, () => int(1000))
      expect(await new Slices().sort(list, (a, b) => a - b)).toEqual(list.toSorted((a, b) => a - b))
    })
    const key = fc.oneof(fc.string({ unit: 'binary' }), fc.string().map((text) => `docs/${text}`), fc.string({ unit: fc.constantFrom('a', 'b', '~', '\u007f', '\u0080', '\uffff', '\0') }))
    await fc.assert(fc.asyncProperty(fc.array(key), async (keys) => {
      const sorted = keys.map((args) => ({ args, text: textOfArgs(args) })).toSorted(compareKeys)
      expect(Array.from(await orderOf(keys, new Slices()), (place) => keys[place])).toEqual(sorted.map(({ args }) => args))
    }))
  })

  it('[PER-16] many texts are sorted by their code units, whatever they share', async () => {
    const alphabets = ['ab', 'a~\u007f', '0123456789', 'xyé', '\0a', '\ud800\uffffa']
    await forSeeds(30, async (random, seed) => {
      const alphabet = alphabets[random.int(alphabets.length)] as string
      const word = (length: number): string => Array.from({ length }, () => alphabet[random.int(alphabet.length)]).join('')
      const shared = word(random.int(9))
      const texts = Array.from({ length: seed % 10 === 1 ? 20_000 : 400 }, () => `${shared}${word(random.int(3))}${random.chance(0.5) ? 'page-' : ''}${word(random.int(7))}`)
      expect(Array.from(await orderOf(texts, new Slices()), (place) => texts[place])).toEqual(texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    })
  }, 30_000)

  it('[PER-13 PER-16] histories of writes, gets and saves: each file holds exactly the revision at its call', async () => {
    await forSeeds(40, async (random) => {
      const int = (limit: number): number => random.int(limit)
      const db = filled(30)
      const port = new MemoryPort()
      const expected: string[] = []
      const saves: Promise<unknown>[] = []
      for (let n = 0; n < 60; n++) {
        db.set(file, `page ${int(40)}`, { title: `New ${int(9)}`, list: [] })
        if (random.chance(0.3)) db.remove(file, `page ${int(40)}`)
        if (random.chance(0.5)) db.get(page, `page ${int(40)}`)
        if (random.chance(0.2)) {
          expected.push(db.keys(file).map((key) => db.get(file, key)?.title ?? '').toSorted((a, b) => (a < b ? -1 : 1)).join())
          saves.push(saveCache(db, { port, name: `${saves.length}` }))
        }
        if (random.chance(0.5)) await Promise.resolve()
      }
      await Promise.all(saves)
      for (const [i, state] of expected.entries()) {
        expect(await held(port, `${i}`)).toBe(state)
        const again = createDatabase({ definitions })
        await loadCache(again, { port, name: `${i}` })
        for (const key of again.keys(file)) expect(again.get(page, key)).toEqual({ key, title: again.get(file, key)?.title })
      }
    })
  }, 30_000)
})

/** Fails when the bytes written would be more than there is room for; or does not come back at all. */
class SmallPort extends MemoryPort {
  room = Infinity
  error: Error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

  override async write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const { room, error } = this
    let written = 0
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        written += chunk.length
        if (written > room) throw error
        yield chunk
      }
    }
    await super.write(name, counted())
  }
}

describe('a save that cannot go on', () => {
  it('[PER-14 PER-15] leaves the old file, wherever it stops', async () => {
    const port = new SmallPort()
    const old = filled(20, ' old')
    await saveCache(old, { port, name: 'c' })
    const [before, bytes] = [await held(port, 'c'), await port.read('c')]
    const db = filled(2000, ' new')
    const { bytes: needed } = await saveCache(db, { port, name: 'other' })
    for (const room of [0, 10, 100, 1000, Math.floor(needed / 2), needed - 5, needed - 1]) {
      port.room = room
      const error = await saveCache(db, { port, name: 'c' }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(CacheError)
      expect(error).toMatchObject({ code: 'storage', message: expect.stringMatching(/No room is left/) as string, cause: { isFull: true } })
      expect(await port.read('c')).toEqual(bytes)
    }
    expect(await held(port, 'c')).toBe(before)
    port.room = needed
    expect(await saveCache(db, { port, name: 'c' })).toMatchObject({ bytes: needed })
    port.room = 0
    port.error = Object.assign(new Error('the quota has been exceeded'), { name: 'QuotaExceededError' })
    await expect(saveCache(db, { port, name: 'c' })).rejects.toMatchObject({ code: 'storage', cause: { isFull: true } })
  })

  it('[PER-14 PER-19] files on a disk: written beside, put in place, and nothing left over', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pebre-save-'))
    try {
      const path = join(folder, 'site.pebre')
      expect(await loadCache(createDatabase(), path)).toEqual({ loaded: false, reason: 'missing' })
      const db = filled(100)
      await Promise.all([saveCache(db, path), saveCache(db, path), saveCache(filled(50), path)])
      expect(await readdir(folder)).toEqual(['site.pebre'])
      const again = createDatabase({ definitions })
      expect(await loadCache(again, path)).toMatchObject({ loaded: true, bytes: (await readFile(path)).length })
      // Who may read it is up to whoever owns it.
      for (const mode of [0o600, 0o664]) {
        await chmod(path, mode)
        await saveCache(db, path)
        expect((await stat(path)).mode & 0o777).toBe(mode)
      }
      await expect(saveCache(db, join(path, 'below', 'a-file'))).rejects.toMatchObject({ code: 'storage' })
      await expect(loadCache(again, folder)).rejects.toMatchObject({ code: 'storage' })
      await expect(loadCache(again, folder, { onCorrupt: 'delete' })).rejects.toMatchObject({ code: 'storage' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
