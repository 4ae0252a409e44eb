/** Saves of one database that are asked for at once. */
import { createDatabase, input } from 'pebre'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'

const file = input<[path: string], string>('file')

/** Says when writes begin and end, and takes its time. */
class SlowPort extends MemoryPort {
  readonly log: string[] = []

  override async write(...args: Parameters<MemoryPort['write']>): Promise<void> {
    this.log.push('begin')
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await super.write(...args)
    this.log.push('end')
  }
}

describe('saves at once', () => {
  it('[PER-13] a second save waits for the first, and the last one stays', async () => {
    const db = createDatabase({ definitions: [file] })
    const port = new SlowPort()
    const saves = ['one', 'two', 'three'].map((text) => {
      db.set(file, 'a', text)
      return saveCache(db, { port, name: 'cache' })
    })
    expect((await Promise.all(saves)).map(({ revision }) => revision)).toEqual([1, 2, 3])
    expect(port.log).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
    const other = createDatabase({ definitions: [file] })
    await loadCache(other, { port, name: 'cache' })
    expect(other.get(file, 'a')).toBe('three')
  })
  it('[PER-13 PER-9] what is loaded meanwhile is not in them, and is not forgotten with what they prune', async () => {
    const port = new SlowPort()
    for (const name of ['one', 'two']) {
      const made = createDatabase()
      made.set(input<[], number>(name), 1)
      await saveCache(made, { port, name })
    }
    const db = createDatabase()
    await loadCache(db, { port, name: 'one' })
    const saves = [saveCache(db, { port, name: 'a' }), saveCache(db, { port, name: 'b' }), saveCache(db, { port, name: 'c' }, { prune: true })]
    await loadCache(db, { port, name: 'two' })
    expect((await Promise.all(saves)).map(({ retained }) => retained)).toEqual([['one'], ['one'], []])
    expect((await saveCache(db, { port, name: 'd' })).retained).toEqual(['two'])
  })
})
