/// <reference types="node" />
/**
 * Files in a folder of a disk, under Node. The only file of the library, with its lock, that imports `node:`; browsers are
 * given `absent.js` in its place (see "browser" in package.json).
 *
 * A file that is appended to stays open until `close`. What is done to one file is done in order.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, stat, truncate, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { aText, check } from '../../core/check.js'
import { isLockName, takeLock } from './node-lock.js'
import type { Lock, Port } from './port.js'

/** Temporary files: they belong to a write that is on its way, or was cut off by a crash. Other people's files may end alike. */
const temporary = /\.(\d+)-[0-9a-f]{12}\.tmp$/

/** Chunks are gathered up to this size before they are written. */
const gathered = 1 << 18

/** A folder of files. It is made when the first file is written. @throws `InvalidDefinitionError` for a folder that is no path */
export class FilePort implements Port {
  /** The folder, as an absolute path. */
  readonly folder: string
  private readonly handles = new Map<string, FileHandle>()

  constructor(folder: string) {
    check('The folder of a FilePort', folder, aText)
    this.folder = resolve(folder)
  }

  async read(name: string, offset: number = 0, length: number = Infinity): Promise<Uint8Array | null> {
    const file = await absentAsNull(open(this.path(name), 'r'))
    if (file === null) return null
    try {
      const { size } = await file.stat()
      const bytes = new Uint8Array(Math.max(0, Math.min(size - offset, length)))
      let filled = 0
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled === bytes.length ? bytes : bytes.slice(0, filled)
    } finally {
      await file.close()
    }
  }

  async write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    await this.make()
    const path = this.path(name)
    const unique = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
    try {
      const old = await absentAsNull(stat(path))
      const file = await open(unique, 'wx', old === null ? undefined : old.mode & 0o666)
      try {
        // Who may read the old file may read the new one, whatever new files are like here.
        if (old !== null && (await file.stat()).mode !== old.mode) await file.chmod(old.mode & 0o777)
        for await (const chunk of gather(chunks)) await writeWhole(file, chunk)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.forget(name)
      await rename(unique, path)
    } catch (error) {
      await absentAsNull(unlink(unique)).catch(() => null)
      throw error
    }
    await this.syncFolder()
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(await this.handle(name), bytes)
  }

  async sync(name: string): Promise<void> {
    await (await this.handle(name)).datasync()
  }

  async truncate(name: string, length: number): Promise<void> {
    await truncate(this.path(name), length)
  }

  async size(name: string): Promise<number | null> {
    return (await absentAsNull(stat(this.path(name))))?.size ?? null
  }

  async list(): Promise<string[]> {
    const entries = (await absentAsNull(readdir(this.folder, { withFileTypes: true }))) ?? []
    return entries.filter((entry) => entry.isFile() && !isLockName(entry.name)).map((entry) => entry.name)
  }

  async remove(name: string): Promise<void> {
    await this.forget(name)
    await absentAsNull(unlink(this.path(name)))
  }

  async rename(from: string, to: string): Promise<void> {
    await this.forget(from)
    await this.forget(to)
    await rename(this.path(from), this.path(to))
    await this.syncFolder()
  }

  /** Takes the folder for this process, and removes what writes that were cut off by a crash have left. */
  async lock(): Promise<Lock> {
    await this.make()
    const lock = await takeLock(this.folder)
    try {
      for (const name of await this.list()) if (isLeftBehind(name)) await this.remove(name)
    } catch (error) {
      await lock.release()
      throw error
    }
    return lock
  }

  async close(): Promise<void> {
    const handles = [...this.handles.values()]
    this.handles.clear()
    for (const handle of handles) await handle.close()
  }

  private path(name: string): string {
    if (name === '' || name === '.' || name === '..' || basename(name) !== name) throw new Error(`"${name}" is no name of a file`)
    return join(this.folder, name)
  }

  private async make(): Promise<void> {
    if ((await mkdir(this.folder, { recursive: true })) !== undefined) await syncFolder(dirname(this.folder))
  }

  private async handle(name: string): Promise<FileHandle> {
    const known = this.handles.get(name)
    if (known !== undefined) return known
    await this.make()
    const isNew = (await this.size(name)) === null
    const handle = await open(this.path(name), 'a')
    this.handles.set(name, handle)
    // The name of a new file must survive too, before anything in it is said to be safe.
    if (isNew) await this.syncFolder()
    return handle
  }

  private async forget(name: string): Promise<void> {
    const handle = this.handles.get(name)
    this.handles.delete(name)
    await handle?.close()
  }

  private async syncFolder(): Promise<void> {
    await syncFolder(this.folder)
  }
}

/** A temporary file of a process that is gone, or of one that had the number of this one. */
function isLeftBehind(name: string): boolean {
  const pid = Number(temporary.exec(name)?.[1] ?? Number.NaN)
  if (Number.isNaN(pid)) return false
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH'
  }
}

/** The folder and the name of a file. */
export function splitPath(path: string): { folder: string; name: string } {
  return { folder: dirname(path), name: basename(path) }
}

/** Makes the names of a folder safe against a crash. */
async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing, and needs none.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A write may take less than it was given. */
async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0
  while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done, null)).bytesWritten
}

async function* gather(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let buffer = new Uint8Array(gathered)
  let filled = 0
  for await (const chunk of chunks) {
    if (filled + chunk.length > gathered) {
      yield buffer.subarray(0, filled)
      filled = 0
      if (chunk.length >= gathered) {
        yield chunk
        continue
      }
      buffer = new Uint8Array(gathered)
    }
    buffer.set(chunk, filled)
    filled += chunk.length
  }
  yield buffer.subarray(0, filled)
}

/** What is not there is no error. */
async function absentAsNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null
    throw error
  }
}
