/** Files made from files: what a database knows of its results after a load is enough for the next save, and for snapshots. */
import { createDatabase, type Database, derived, input, type View } from 'pebre'
import { CacheError, loadCache, MemoryPort, saveCache } from 'pebre/persist'
import type { Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { forSeeds } from '../support/random.js'

const file = input<[key: string], number>('file')
const factor = input<[], number>('factor', { initial: 1 })
const third = derived('third', (q, key: string) => (q.get(file, key) ?? 0) % 3)
const scaled = derived('scaled', (q, key: string) => q.get(third, key) * q.get(factor))
const present = derived('present', async (q, key: string) => `${q.get(scaled, key)} ${q.has(file, key)}`)
const hidden = derived('hidden', (q, key: string) => q.get(third, key) * 2, { persist: false })
const above = derived('above', (q, key: string) => q.get(hidden, key) + q.get(factor))
const bounded = derived('bounded', (q, key: string) => (q.get(file, key) ?? -1) * 10, { lru: 2 })
const beside = derived('beside', (q, key: string) => q.get(bounded, key) + 1)
const total = derived('total', (q) => q.entries(file).reduce((sum, value) => sum + value, 0))
const count = derived('count', (q) => q.keys(file).filter((key) => q.get(third, key) > 0).length)
const single = [third, scaled, hidden, above, bounded, beside]
const definitions = [file, factor, ...single, present, total, count]
const keys = ['p', 'q', 'r', 's']

/** What the inputs hold, and what everything over them comes to. */
interface Model {
  readonly file: Map<string, number>
  factor: number
}

function expected({ file: held, factor: by }: Model): unknown {
  const values = [...held.values()]
  return [keys.map((key) => {
    const rest = (held.get(key) ?? 0) % 3
    const ten = (held.get(key) ?? -1) * 10
    return [rest, rest * by, rest * 2, rest * 2 + by, ten, ten + 1, `${rest * by} ${held.has(key)}`]
  }), values.reduce((sum, value) => sum + value, 0), values.filter((value) => value % 3 > 0).length]
}

async function found(view: View): Promise<unknown> {
  const rows = await Promise.all(keys.map(async (key) => [...single.map((query) => view.get(query, key)), await view.get(present, key)]))
  return [rows, view.get(total), view.get(count)]
}

/** Writes and reads a little. */
async function live(db: Database, model: Model, { int, pick }: Random, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    const key = pick(keys)
    const die = int(10)
    if (die < 3) {
      model.file.set(key, int(9))
      db.set(file, key, model.file.get(key) as number)
    } else if (die === 3) {
      model.file.delete(key)
      db.remove(file, key)
    } else if (die === 4) db.set(factor, (model.factor = int(3)))
    else if (die === 5) db.invalidate(pick([third, hidden, scaled]), key)
    else if (die === 6) await db.get(present, key)
    else if (die === 7) db.get(pick([total, count]))
    else db.get(pick(single), key)
  }
}

describe('files of files', () => {
  it('[PER-1 PER-9 PER-11 PER-12] generations of databases with some of the definitions, and at each all answers are right', async () => {
    await forSeeds(250, async (random) => {
      const port = new MemoryPort()
      const model: Model = { file: new Map(), factor: 1 }
      for (let life = 0; life < 4; life++) {
        // Who does not know an input cannot write to it.
        const known = life % 2 === 0 ? definitions : [file, factor, ...definitions.slice(2).filter(() => random.chance(0.6))]
        const db = createDatabase({ definitions: known })
        await loadCache(db, { port, name: 'c' })
        if (life % 2 === 0) await live(db, model, random, random.int(30))
        else if (random.chance(0.6)) db.set(file, 'q', model.file.set('q', random.int(9)).get('q') as number)
        const saved = await saveCache(db, { port, name: 'c' }, random.chance(0.2) ? { maxBytes: 300 + random.int(500) } : {}).catch((error: unknown) => error)
        if (saved instanceof CacheError) await saveCache(db, { port, name: 'c' })
        const again = createDatabase({ definitions })
        await loadCache(again, { port, name: 'c' })
        expect([life, await found(again.snapshot())]).toEqual([life, expected(model)])
        expect([life, await found(again)]).toEqual([life, expected(model)])
      }
    })
  }, 60_000)
})
