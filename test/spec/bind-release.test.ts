/** What an old evaluation holds is given back. */
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { macrotask } from '../support/turns.js'

const createDatabase = countedDatabases()
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const big = input<[], { readonly text: string }>('big')

describe('release', () => {
  it('[BIND-7] the state that an old evaluation holds is freed when it ends: by success, failure or leaving', async () => {
    for (const end of ['open', 'fail', 'abort'] as const) {
      const db = createDatabase()
      const stops = new Stops()
      const query = derived('query', async (q) => {
        await stops.at('query')
        return (q.get(big)?.text ?? '').length
      })
      const held = (() => {
        const value = { text: 'x'.repeat(1000) }
        db.set(big, value)
        return new WeakRef(value)
      })()
      const leaver = new AbortController()
      const outcome = db
        .with({ signal: leaver.signal })
        .get(query)
        .catch(() => 'rejected')
      db.set(big, { text: 'new' })
      await macrotask()
      collect()
      expect(held.deref()).toBeDefined()
      if (end === 'abort') leaver.abort()
      if (end === 'fail') await stops.fail('query', new Error('failed'))
      else await stops.open('query')
      expect(await outcome).toBe(end === 'open' ? 1000 : 'rejected')
      await flush()
      await macrotask()
      collect()
      expect(held.deref()).toBeUndefined()
      expect(db.get(big)).toEqual({ text: 'new' })
    }
  })

  it('[BIND-7] the result of an old evaluation that ends late is freed once its caller is done with it', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      const size = q.get(big)?.text.length ?? 0
      await stops.at(`size ${size}`)
      return { size }
    })
    db.set(big, { text: 'old' })
    const late = db.get(query).then((value) => new WeakRef(value))
    db.set(big, { text: 'newer' })
    const newer = db.get(query)
    await stops.open('size 5')
    await stops.open('size 3')
    const held = await late
    await macrotask()
    collect()
    expect(held.deref()).toBeUndefined()
    expect(await newer).toEqual({ size: 5 })
    expect(await db.get(query)).toBe(await newer)
  })
})
