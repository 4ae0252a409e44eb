/**
 * Files in a browser's IndexedDB. Two stores: `files` gives for each name the number under which its bytes are kept and how
 * many there are; `chunks` keeps the bytes, by that number and the offset of each chunk. Replacing a file stores its chunks
 * under a new number first and then, in one transaction, lets the name point to them: whenever the page goes away, the name
 * leads to the old bytes or to the new ones. Chunks nothing points to are removed when the place is locked.
 */
import { anObjectWith, aText, check, checkOptions } from '../../core/check.js'
import { LockedError } from './errors.js'
import type { Lock, Port } from './port.js'

/** What is asked of an `indexedDB`. Its types are those of browsers, which a project for Node does not have. */
export interface IndexedDbFactory {
  open(name: string, version?: number): object
}

/** What is asked of `navigator.locks`. */
export interface WebLocks {
  request(name: string, options: { readonly ifAvailable?: boolean }, callback: (lock: object | null) => unknown): Promise<unknown>
}

export interface IndexedDbOptions {
  /** Default: the one of the page. */
  readonly indexedDB?: IndexedDbFactory
  /** Web Locks, which keep a second writer out. Default: those of the page. */
  readonly locks?: WebLocks
}

interface FileRecord {
  readonly number: number
  readonly length: number
}

/** The key of a chunk. */
type ChunkKey = [number: number, offset: number]

/** Files in a database of that name. @throws `InvalidDefinitionError` for a name or options that are none */
export class IndexedDbPort implements Port {
  readonly name: string
  private readonly factory: IDBFactory
  private readonly locks: WebLocks | undefined
  private opened: Promise<IDBDatabase> | null = null

  constructor(name: string, options: IndexedDbOptions = {}) {
    check('The name of an IndexedDbPort', name, aText)
    checkOptions('', options, { indexedDB: anObjectWith('open'), locks: anObjectWith('request') })
    this.name = name
    this.factory = (options.indexedDB as IDBFactory | undefined) ?? globalThis.indexedDB
    this.locks = options.locks ?? (globalThis as { navigator?: { locks?: WebLocks } }).navigator?.locks
  }

  async read(name: string, offset: number = 0, length: number = Infinity): Promise<Uint8Array | null> {
    return this.transact('readonly', 'relaxed', async (files, chunks) => {
      const file = (await result(files.get(name))) as FileRecord | undefined
      if (file === undefined) return null
      const end = Math.min(file.length, offset + length)
      const bytes = new Uint8Array(Math.max(0, end - offset))
      if (bytes.length === 0) return bytes
      const first = await lastChunkBefore(chunks, file.number, offset)
      const range = rangeOf([file.number, first], [file.number, end - 1])
      const keys = (await result(chunks.getAllKeys(range))) as ChunkKey[]
      const values = (await result(chunks.getAll(range))) as Uint8Array[]
      for (const [i, value] of values.entries()) {
        const at = (keys[i] as ChunkKey)[1]
        const from = Math.max(0, offset - at)
        const part = value.subarray(from, Math.max(from, end - at))
        bytes.set(part, at + from - offset)
      }
      return bytes
    })
  }

  async write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const number = await this.reserve()
    let length = 0
    let count = 0
    try {
      for await (const chunk of chunks) {
        if (chunk.length === 0) continue
        const at = length
        length += chunk.length
        count++
        await this.transact('readwrite', 'relaxed', async (_files, store) => void store.put(chunk.slice(), [number, at]))
      }
      await this.transact('readwrite', 'strict', async (files, store) => {
        if ((await result(store.count(chunksOf(number)))) !== count) throw new Error('another page took the place and removed what had been written; write again')
        const old = (await result(files.get(name))) as FileRecord | undefined
        files.put({ number, length } satisfies FileRecord, name)
        if (old !== undefined) store.delete(chunksOf(old.number))
      })
    } catch (error) {
      await this.transact('readwrite', 'relaxed', async (_files, store) => void store.delete(chunksOf(number))).catch(() => undefined)
      throw error
    }
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    const number = (await this.numberOf(name)) ?? (await this.reserve())
    await this.transact('readwrite', 'relaxed', async (files, chunks) => {
      const file = ((await result(files.get(name))) as FileRecord | undefined) ?? { number, length: 0 }
      if (bytes.length > 0) chunks.put(bytes.slice(), [file.number, file.length])
      files.put({ number: file.number, length: file.length + bytes.length } satisfies FileRecord, name)
    })
  }

  /** A strict transaction is on disk when it completes, and so is all that was committed before it. */
  async sync(name: string): Promise<void> {
    await this.transact('readwrite', 'strict', async (files) => {
      const file = (await result(files.get(name))) as FileRecord | undefined
      if (file !== undefined) files.put(file, name)
    })
  }

  async truncate(name: string, length: number): Promise<void> {
    await this.transact('readwrite', 'relaxed', async (files, chunks) => {
      const file = (await result(files.get(name))) as FileRecord | undefined
      if (file === undefined || length >= file.length) return
      if (length > 0) {
        const at = await lastChunkBefore(chunks, file.number, length - 1)
        const chunk = (await result(chunks.get([file.number, at]))) as Uint8Array | undefined
        if (chunk !== undefined) chunks.put(chunk.slice(0, length - at), [file.number, at])
      }
      chunks.delete(rangeOf([file.number, length], [file.number, Infinity]))
      files.put({ number: file.number, length } satisfies FileRecord, name)
    })
  }

  async size(name: string): Promise<number | null> {
    return this.transact('readonly', 'relaxed', async (files) => ((await result(files.get(name))) as FileRecord | undefined)?.length ?? null)
  }

  async list(): Promise<string[]> {
    return this.transact('readonly', 'relaxed', async (files) => (await result(files.getAllKeys())).filter((key): key is string => typeof key === 'string'))
  }

  async remove(name: string): Promise<void> {
    await this.transact('readwrite', 'strict', async (files, chunks) => {
      const file = (await result(files.get(name))) as FileRecord | undefined
      if (file === undefined) return
      files.delete(name)
      chunks.delete(chunksOf(file.number))
    })
  }

  async rename(from: string, to: string): Promise<void> {
    await this.transact('readwrite', 'strict', async (files, chunks) => {
      const file = (await result(files.get(from))) as FileRecord | undefined
      if (file === undefined) throw new Error(`there is no "${from}"`)
      const old = (await result(files.get(to))) as FileRecord | undefined
      files.delete(from)
      files.put(file, to)
      if (old !== undefined && from !== to) chunks.delete(chunksOf(old.number))
    })
  }

  /** Keeps other pages and workers out for as long as this one lives, and removes what writes that were cut off have left. */
  async lock(): Promise<Lock> {
    const { locks } = this
    if (locks === undefined) throw new Error('there are no Web Locks here (navigator.locks), which a page has over https and on localhost')
    let release!: () => void
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let ended: Promise<unknown> = held
    await new Promise<void>((granted, refused) => {
      ended = locks.request(`pebre ${this.name}`, { ifAvailable: true }, async (lock) => {
        if (lock === null) return refused(new LockedError('a database of this or another page', 'Close it first.'))
        granted()
        await held
      })
      ended.catch(refused)
    })
    const lock = {
      release: async () => {
        release()
        await ended
      },
    }
    try {
      await this.sweep()
    } catch (error) {
      await lock.release()
      throw error
    }
    return lock
  }

  async close(): Promise<void> {
    const { opened } = this
    this.opened = null
    if (opened !== null) (await opened).close()
  }

  /** A number that was never used. */
  private async reserve(): Promise<number> {
    return this.transact('readwrite', 'relaxed', async (files) => {
      const number = (((await result(files.get(counter))) as number | undefined) ?? 0) + 1
      files.put(number, counter)
      return number
    })
  }

  private async numberOf(name: string): Promise<number | null> {
    return this.transact('readonly', 'relaxed', async (files) => ((await result(files.get(name))) as FileRecord | undefined)?.number ?? null)
  }

  private async sweep(): Promise<void> {
    await this.transact('readwrite', 'relaxed', async (files, chunks) => {
      const used = new Set<number>()
      for (const record of (await result(files.getAll())) as (FileRecord | number)[]) if (typeof record === 'object') used.add(record.number)
      let [key] = (await result(chunks.getAllKeys(undefined, 1))) as ChunkKey[]
      while (key !== undefined) {
        if (!used.has(key[0])) chunks.delete(chunksOf(key[0]))
        ;[key] = (await result(chunks.getAllKeys(rangeOf([key[0] + 1, 0], [Infinity, 0]), 1))) as ChunkKey[]
      }
    })
  }

  private async transact<T>(mode: IDBTransactionMode, durability: IDBTransactionDurability, run: (files: IDBObjectStore, chunks: IDBObjectStore) => Promise<T>): Promise<T> {
    this.opened ??= this.open()
    const transaction = (await this.opened).transaction(['files', 'chunks'], mode, { durability })
    const done = completion(transaction)
    try {
      const value = await run(transaction.objectStore('files'), transaction.objectStore('chunks'))
      await done
      return value
    } catch (error) {
      done.catch(() => undefined)
      try {
        transaction.abort()
      } catch {
        // It has ended by itself.
      }
      throw error
    }
  }

  private async open(): Promise<IDBDatabase> {
    try {
      const request = this.factory.open(this.name, 1)
      request.addEventListener('upgradeneeded', () => {
        request.result.createObjectStore('files')
        request.result.createObjectStore('chunks')
      })
      const database = await result(request)
      // Somebody wants to delete the database, or the browser took it away: the next use opens it again.
      for (const event of ['versionchange', 'close']) {
        database.addEventListener(event, () => {
          database.close()
          this.opened = null
        })
      }
      return database
    } catch (error) {
      this.opened = null
      throw error
    }
  }
}

/** The key of the counter in `files`: a number, which no name is. */
const counter = 0

function rangeOf(from: ChunkKey, to: ChunkKey): IDBKeyRange {
  return IDBKeyRange.bound(from, to)
}

function chunksOf(number: number): IDBKeyRange {
  return rangeOf([number, 0], [number, Infinity])
}

/** The offset of the chunk that holds a byte. */
async function lastChunkBefore(chunks: IDBObjectStore, number: number, offset: number): Promise<number> {
  const cursor = await result(chunks.openKeyCursor(rangeOf([number, 0], [number, offset]), 'prev'))
  return cursor === null ? 0 : (cursor.key as ChunkKey)[1]
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB gave no reason')))
  })
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the transaction was aborted')))
  })
}
