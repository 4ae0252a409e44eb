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
})
