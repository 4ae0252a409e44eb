/** Files in memory: for tests, and to carry a cache from one database to another. */
import { LockedError } from './errors.js'
import type { Lock, Port } from './port.js'

/** A file that grows: its bytes, and how many of them count. */
interface Growing {
  bytes: Uint8Array
  length: number
}

/** A port that keeps its files in memory. Every operation resolves in a later microtask, and `sync` has nothing to do. */
export class MemoryPort implements Port {
  private readonly files = new Map<string, Growing>()
  private holder: object | null = null

  async read(name: string, offset: number = 0, length: number = Infinity): Promise<Uint8Array | null> {
    const file = this.files.get(name)
    return file === undefined ? null : file.bytes.slice(offset, Math.min(file.length, offset + length))
  }

  async write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const file = { bytes: new Uint8Array(0), length: 0 }
    for await (const chunk of chunks) grow(file, chunk)
    this.files.set(name, file)
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    let file = this.files.get(name)
    if (file === undefined) this.files.set(name, (file = { bytes: new Uint8Array(0), length: 0 }))
    grow(file, bytes)
  }

  async sync(): Promise<void> {}

  async truncate(name: string, length: number): Promise<void> {
    const file = this.files.get(name)
    if (file !== undefined && length < file.length) file.length = length
  }

  async size(name: string): Promise<number | null> {
    return this.files.get(name)?.length ?? null
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()]
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name)
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.files.get(from)
    if (file === undefined) throw new Error(`there is no "${from}"`)
    this.files.delete(from)
    this.files.set(to, file)
  }

  async lock(): Promise<Lock> {
    if (this.holder !== null) throw new LockedError('a database of this process', 'Close it first.')
    const mine = {}
    this.holder = mine
    return {
      release: async () => {
        if (this.holder === mine) this.holder = null
      },
    }
  }

  async close(): Promise<void> {}
}

function grow(file: Growing, bytes: Uint8Array): void {
  const length = file.length + bytes.length
  if (length > file.bytes.length) {
    const larger = new Uint8Array(Math.max(length, file.bytes.length * 2, 256))
    larger.set(file.bytes.subarray(0, file.length))
    file.bytes = larger
  }
  file.bytes.set(bytes, file.length)
  file.length = length
}
