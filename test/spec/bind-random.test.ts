/** Two inputs that are always written in pairs, under random interleavings. */
import { flush, type Random, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, type View } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const y = input<[], number>('y', { initial: 0 })
const other = input<[], number>('other', { initial: 0 })

interface Asked {
  readonly expected: number
  readonly answer: Promise<readonly number[]>
}

/** Queries that read the pair in many ways, and note whenever the two differ. */
function pairReaders(stops: Stops, torn: string[]) {
  const syncX = derived('syncX', (q) => q.get(x))
  const syncY = derived('syncY', (q) => q.get(y))
  const slowX = derived('slowX', async (q, key: number) => {
    await stops.at(`x${key}`)
    return q.get(syncX)
  })
  const slowY = derived('slowY', async (q, key: number) => {
    const early = q.get(y)
    await stops.at(`y${key}`)
    if (early !== q.get(y)) torn.push(`slowY ${early}`)
    return early
  })
  const direct = derived('direct', async (q, key: number) => {
    const first = q.get(x)
    await stops.at(`direct${key}`)
    return [first, q.get(y), q.get(syncX), q.get(syncY)]
  })
  const nested = derived('nested', async (q, key: number) => {
    const [a, b] = await Promise.all([q.get(slowX, key), q.get(slowY, key)])
    await stops.at(`nested${key}`)
    return [a, b, q.get(x), q.get(syncY), ...(await q.get(direct, key))]
  })
  const top = derived('top', async (q, key: number) => {
    const late = key % 2 === 0 ? [] : await q.get(direct, key + 1)
    return [...(await q.get(nested, key)), ...late, q.get(y)]
  })
  for (const query of [syncX, syncY]) void query
  return [direct, nested, top]
}

async function history(random: Random): Promise<void> {
  const db = createDatabase()
  const stops = new Stops()
  const torn: string[] = []
  const readers = pairReaders(stops, torn)
  const views: { readonly view: View; value: number }[] = [{ view: db, value: 0 }]
  const asked: Asked[] = []
  let written = 0
  for (let i = 0; i < 150; i++) {
    const at = random.pick(views)
    const action = random.int(10)
    if (action < 3) {
      // Few values, so that pairs come back to what they were.
      at.value = random.chance(0.5) ? random.int(3) : ++written
      const { value } = at
      at.view.batch((tx) => {
        tx.set(x, value)
        tx.set(y, value)
      })
    } else if (action === 3) at.view.set(other, ++written)
    else if (action < 7) asked.push({ expected: at.value, answer: at.view.get(random.pick(readers), random.int(3)) })
    else if (action === 7 && views.length < 4) views.push({ view: at.view.snapshot(), value: at.value })
    else if (stops.labels.length > 0) await stops.open(random.pick(stops.labels))
    if (random.chance(0.3)) await flush()
  }
  await stops.openAll()
  expect(torn).toEqual([])
  for (const { expected, answer } of asked) expect(new Set(await answer)).toEqual(new Set([expected]))
  expect(db.stats().jobs).toBe(0)
}

describe('random interleavings', () => {
  it('[BIND-4 BIND-1 JOB-2] inputs written in equal pairs are never seen different, and every answer is of its own revision', async () => {
    await forSeeds(80, history)
  }, 60_000)

  it('[BIND-4] a synchronous reader inside any subscriber sees equal pairs', async () => {
    await forSeeds(10, (random) => {
      const db = createDatabase()
      const seen: number[][] = []
      const pair = derived('pair', (q) => [q.get(x), q.get(y)])
      const look = (): void => {
        seen.push([db.get(x), db.get(y)], db.get(pair))
      }
      db.events$.subscribe(look)
      db.revision$.subscribe(look)
      db.watch(pair).subscribe(look)
      db.node(x).subscribe(look)
      for (let i = 0; i < 50; i++) {
        const value = random.int(4)
        db.batch((tx) => {
          tx.set(y, value)
          look()
          tx.set(x, value)
          look()
        })
      }
      expect(seen.length).toBeGreaterThan(200)
      expect(seen.filter(([a, b]) => a !== b)).toEqual([])
    })
  })
})
