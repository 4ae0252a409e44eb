/** Ports: memory, disk and IndexedDB behave alike. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { random } from 'pebre/testing'
import { open } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDatabase, input, InvalidDefinitionError } from '../../src/index.js'
import { IndexedDbPort, loadCache, LockedError, MemoryPort, openDatabase, type Port, saveCache, StorageError } from '../../src/persist/index.js'
import { FilePort } from '../../src/persist/node.js'
import { guardPort } from '../../src/persist/ports/guard.js'

const root = mkdtempSync(join(tmpdir(), 'pebre-ports-'))
let folders = 0
const folder = (): string => join(root, String(++folders))
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** Web Locks, as far as they are needed: Node has none. */
function webLocks(): Pick<LockManager, 'request'> {
  const held = new Set<string>()
  const request = async (name: string, _options: unknown, callback: (lock: unknown) => Promise<unknown>): Promise<unknown> => {
    if (held.has(name)) return callback(null)
    held.add(name)
    try {
      return await callback({ name })
    } finally {
      held.delete(name)
    }
  }
  return { request } as unknown as Pick<LockManager, 'request'>
}

const makers: Record<string, () => () => Port> = {
  memory: () => {
    const port = new MemoryPort()
    return () => port
  },
  disk: () => {
    const path = folder()
    return () => new FilePort(path)
  },
  IndexedDB: () => {
    const options = { indexedDB: new IDBFactory(), locks: webLocks() }
    return () => new IndexedDbPort('files', options)
  },
}

/** A disk that is soon full, where we may mount one. */
const small = mountSmall()

function mountSmall(): { path: string; isMounted: boolean } {
  const path = mkdtempSync(join(tmpdir(), 'pebre-small-'))
  return { path, isMounted: spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0 }
}

beforeAll(() => {
  Object.assign(globalThis, { IDBKeyRange })
})
afterAll(() => {
  if (small.isMounted) spawnSync('umount', [small.path])
  rmSync(small.path, { recursive: true, force: true })
  rmSync(root, { recursive: true, force: true })
  Reflect.deleteProperty(globalThis, 'IDBKeyRange')
})

describe.each(Object.keys(makers))('the port for %s', (kind) => {
  const make = (): (() => Port) => (makers[kind] as () => () => Port)()

  it('[PER-19] reads what was written and appended, whole and in parts', async () => {
    const port = make()()
    expect([await port.read('none'), await port.size('none'), await port.list()]).toEqual([null, null, []])
    await port.write('a', [bytes(1, 2), bytes(), bytes(3)])
    await port.append('a', bytes(4, 5))
    await port.append('b', bytes(9))
    await port.append('b', bytes())
    await port.sync('a')
    expect(await port.read('a')).toEqual(bytes(1, 2, 3, 4, 5))
    expect([await port.read('a', 1, 3), await port.read('a', 3), await port.read('a', 5, 2), await port.read('a', 9)]).toEqual([bytes(2, 3, 4), bytes(4, 5), bytes(), bytes()])
    expect([await port.size('a'), await port.size('b'), (await port.list()).toSorted()]).toEqual([5, 1, ['a', 'b']])
    await port.close()
  })

  it('[PER-19] cuts off, renames, replaces and removes', async () => {
    const reopen = make()
    const port = reopen()
    for (let i = 0; i < 4; i++) await port.append('a', bytes(i, i))
    await port.truncate('a', 3)
    await port.append('a', bytes(7))
    expect(await port.read('a')).toEqual(bytes(0, 0, 1, 7))
    await port.truncate('a', 2)
    await port.append('a', bytes(8))
    await port.append('b', bytes(1))
    await port.rename('a', 'b')
    expect([await port.read('b'), await port.read('a')]).toEqual([bytes(0, 0, 8), null])
    await port.write('b', [bytes(5)])
    await port.append('b', bytes(6))
    await port.remove('none')
    await port.sync('b')
    await port.close()
    const again = reopen()
    expect([await again.read('b'), await again.list()]).toEqual([bytes(5, 6), ['b']])
    await again.remove('b')
    expect(await again.list()).toEqual([])
    await again.close()
  })

  it('[PER-19] random operations agree with a plain map', async () => {
    const port = make()()
    const rng = random(7)
    const model = new Map<string, number[]>()
    for (let i = 0; i < 150; i++) {
      const name = `f${rng.int(3)}`
      const old = model.get(name)
      const data = Array.from({ length: rng.int(9) }, () => rng.int(256))
      if (rng.chance(0.5)) {
        await port.append(name, Uint8Array.from(data))
        model.set(name, [...(old ?? []), ...data])
      } else if (rng.chance(0.3)) {
        await port.write(name, [Uint8Array.from(data), bytes(1)])
        model.set(name, [...data, 1])
      } else if (old !== undefined && rng.chance(0.7)) {
        const length = rng.int(old.length + 2)
        await port.truncate(name, Math.min(length, old.length))
        model.set(name, old.slice(0, length))
      } else {
        await port.remove(name)
        model.delete(name)
      }
      const now = model.get(name)
      const from = rng.int(10)
      const part = now === undefined ? null : Uint8Array.from(now.slice(from, from + 5))
      expect({ i, whole: await port.read(name), part: await port.read(name, from, 5), size: await port.size(name) }).toEqual({ i, whole: now === undefined ? null : Uint8Array.from(now), part, size: now?.length ?? null })
    }
    await port.close()
  })

  it('[PER-14] the bytes are on the disk before they take the name', async () => {
    const path = folder()
    const port = new FilePort(path)
    await port.write('other', [bytes(0)])
    const handle = await open(join(path, 'other'))
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
    await handle.close()
    const there: boolean[] = []
    sync.mockImplementation(() => {
      there.push(readdirSync(path).includes('a'))
      return Promise.resolve()
    })
    await port.write('a', [bytes(1)])
    sync.mockRestore()
    expect(there).toEqual([false, true])
    expect(await port.read('a')).toEqual(bytes(1))
  })

  it('[PER-14] a write that fails on its way leaves the old bytes and nothing else', async () => {
    const port = make()()
    await port.write('a', [bytes(1)])
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes(2)
      await Promise.resolve()
      throw new Error('no more')
    }
    await expect(port.write('a', broken())).rejects.toThrow('no more')
    expect([await port.read('a'), await port.list()]).toEqual([bytes(1), ['a']])
    await port.close()
  })

  it('[WAL-6] is locked by one writer at a time', async () => {
    const reopen = make()
    const [one, two] = [reopen(), reopen()]
    const lock = await one.lock()
    await expect(two.lock()).rejects.toThrow(LockedError)
    await expect(one.lock()).rejects.toThrow(LockedError)
    await lock.release()
    await lock.release()
    const next = await two.lock()
    await expect(one.lock()).rejects.toThrow(LockedError)
    await next.release()
    await one.close()
    await two.close()
  })

  it('[PER-19 WAL-11] keeps a database', async () => {
    const reopen = make()
    const file = input<[string], unknown>('file')
    for (let i = 0; i < 3; i++) {
      const db = await openDatabase(reopen(), { definitions: [file], saveOnClose: false })
      expect([...db.keys(file)]).toEqual(Array.from({ length: i }, (_, k) => `k${k}`))
      await db.commit((tx) => tx.set(file, `k${i}`, { i }), { durable: true })
      await db.close()
    }
  })
})

describe('the port for a disk', () => {
  it('[PER-14] does not see names that lead elsewhere', async () => {
    const port = new FilePort(folder())
    for (const name of ['', '.', '..', 'a/b', '/etc/passwd']) await expect(port.read(name)).rejects.toThrow('no name of a file')
  })

  it('[WAL-6] takes over what a process left that was killed, and not what one holds that lives', { timeout: 20_000 }, async () => {
    const path = folder()
    const code = `const { FilePort } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/persist/node.js'))}); await new FilePort(${JSON.stringify(path)}).lock(); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const port = new FilePort(path)
    await expect(port.lock()).rejects.toThrow(`process ${child.pid} on`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = readdirSync(path)
    expect(left).toEqual([expect.stringMatching(/^writer-\d+-[0-9a-f]{16}\.lock$/)])
    const lock = await port.lock()
    expect(readdirSync(path)).not.toContain(left[0])
    await lock.release()
    expect(readdirSync(path)).toEqual([])
  })

  it('[WAL-6] a lock whose process number is used again is not taken for alive; one of another host is', async () => {
    const path = folder()
    const port = new FilePort(path)
    const lock = await port.lock()
    const [mine] = readdirSync(path) as [string]
    const holder = JSON.parse(readFileSync(join(path, mine), 'utf8')) as { start: string }
    await lock.release()
    if (holder.start === '') return
    writeFileSync(join(path, mine), JSON.stringify({ ...holder, start: `${holder.start}0` }))
    await (await port.lock()).release()
    expect(readdirSync(path)).toEqual([])
    writeFileSync(join(path, mine), JSON.stringify({ ...holder, host: 'elsewhere' }))
    await expect(port.lock()).rejects.toThrow('on elsewhere')
    expect(readdirSync(path)).toEqual([mine])
  })

  it('[WAL-6] of many that come at once, one or none holds it, and it can be had afterwards', async () => {
    const path = folder()
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => new FilePort(path).lock()))
      const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      expect(held.length).toBeLessThanOrEqual(1)
      for (const lock of held) await lock.release()
      await (await new FilePort(path).lock()).release()
    }
  })

  it('[PER-14] removes what writes left that a crash cut off, and nothing that is not ours or still being written', async () => {
    const path = folder()
    const port = new FilePort(path)
    await port.write('a', [bytes(1)])
    const ended = spawnSync(process.execPath, ['-e', '']).pid
    for (const pid of [ended, process.pid]) writeFileSync(join(path, `a.${pid}-0123456789ab.tmp`), 'half')
    const kept = ['a', `a.${process.ppid}-0123456789ab.tmp`, 'a.tmp', 'notes.tmp', 'a.x-0123456789ab.tmp']
    for (const name of kept) writeFileSync(join(path, name), 'not ours, or not yet')
    await (await port.lock()).release()
    expect(readdirSync(path).toSorted()).toEqual(kept.toSorted())
  })

  it.skipIf(!small.isMounted)('[PER-15] a full disk: a typed error, the old file intact, and no rest', async () => {
    const port = guardPort(new FilePort(small.path))
    await port.write('a', [new Uint8Array(20_000).fill(1)])
    await expect(port.write('a', [new Uint8Array(90_000)])).rejects.toMatchObject({ operation: 'write', file: 'a', isFull: true })
    expect([(await port.read('a'))?.every((byte) => byte === 1), await port.size('a'), readdirSync(small.path)]).toEqual([true, 20_000, ['a']])
    await expect(port.append('b', new Uint8Array(90_000))).rejects.toBeInstanceOf(StorageError)
    await port.close()
  })

  it('[PER-15] a limit of the process on file sizes: the same', () => {
    const path = folder()
    const code = `
      const { FilePort } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/persist/node.js'))})
      const { openDatabase } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/persist/index.js'))})
      const { input } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))})
      const text = input('text')
      const db = await openDatabase(new FilePort(${JSON.stringify(path)}), { definitions: [text], saveOnClose: false })
      await db.commit((tx) => tx.set(text, 'short'), { durable: true })
      await db.commit((tx) => tx.set(text, 'x'.repeat(90_000)), { durable: true }).catch((error) => console.log(error.name, error.code, error.cause.operation, error.cause.isFull, db.get(text).length))
      await db.close().catch(() => console.log('closed'))`
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -f 16; exec "$0" --input-type=module -e "$1"', process.execPath, code], { encoding: 'utf8' })
    expect(stdout).toBe('LogError broken append true 90000\nclosed\n')
  })
})

describe('what is asked for', () => {
  it('[PER-4 PER-11 WAL-4] policies, sizes and places that are none are refused before anything is done', async () => {
    const port = new MemoryPort()
    const db = createDatabase()
    const as = (options: object): never => options as never
    for (const options of [{ onCorrupt: 'delet' }, { onMismatch: 'ignore' }, { maxBytes: Number.NaN }, { maxBytes: -1 }, { maxBytes: '9' }]) {
      await expect(loadCache(db, { port, name: 'c' }, as(options))).rejects.toThrow(InvalidDefinitionError)
    }
    for (const options of [{ onUnsupported: 'drop' }, { maxBytes: Number.NaN }]) await expect(saveCache(db, { port, name: 'c' }, as(options))).rejects.toThrow(InvalidDefinitionError)
    for (const options of [{ recovery: 'recovered' }, { onMismatch: 'keep' }, { compactAt: 0 }]) await expect(openDatabase(port, as({ definitions: [], ...options }))).rejects.toThrow(InvalidDefinitionError)
    for (const place of [undefined, null, 5, {}, { port }, { name: 'c' }]) {
      await expect(loadCache(db, place as never)).rejects.toThrow(InvalidDefinitionError)
      await expect(saveCache(db, place as never)).rejects.toThrow(InvalidDefinitionError)
    }
    await expect(openDatabase(undefined as never, { definitions: [] })).rejects.toThrow(InvalidDefinitionError)
    expect(await port.list()).toEqual([])
  })
})
