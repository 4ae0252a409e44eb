/// <reference types="node" />
/**
 * One writer for a folder. Whoever wants it makes a file of a unique name, and then looks at all such files: if another one
 * belongs to a process that lives, it steps back. As everybody makes a file before looking, two can never both stay; they may
 * both step back, and try again. Files of processes that are gone are removed, which is safe because no name is used twice.
 *
 * A process is known by its host, its number and its start, so that a number used again does not look alive. Processes of
 * another host cannot be seen from here: they are taken to be alive.
 */
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LockedError } from './errors.js'
import type { Lock } from './port.js'

const pattern = /^writer-(\d+)-[0-9a-f]{16}\.lock$/
const attempts = 5

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process started, in the words of its system; '' where that is not known. */
  readonly start: string
}

export function isLockName(name: string): boolean {
  return pattern.test(name)
}

/** Takes a folder for this process. @throws LockedError where another one holds it */
export async function takeLock(folder: string): Promise<Lock> {
  const me: Holder = { pid: process.pid, host: hostname(), start: await startOf('self') }
  for (let attempt = 1; ; attempt++) {
    const path = join(folder, `writer-${me.pid}-${randomBytes(8).toString('hex')}.lock`)
    try {
      const file = await open(path, 'wx')
      try {
        await file.writeFile(JSON.stringify(me))
      } finally {
        await file.close()
      }
      const other = await findOther(folder, path, me)
      if (other === null) return { release: () => drop(path) }
      await drop(path)
      // Somebody else may be stepping back at this very moment.
      if (attempt === attempts) throw new LockedError(other, `If that process is gone for good, remove the file.`)
    } catch (error) {
      await drop(path)
      throw error
    }
    await pause(Math.random() * 10 * attempt)
  }
}

/** Another holder that lives, in words. */
async function findOther(folder: string, mine: string, me: Holder): Promise<string | null> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!isLockName(name) || path === mine) continue
    const holder = await readHolder(path, name)
    if (holder === null) continue
    if (await isAlive(holder, me)) return `process ${holder.pid} on ${holder.host || 'an unknown host'} (${path})`
    await drop(path)
  }
  return null
}

/** Who made a lock; null: it has just been removed. One that is being made is empty yet: its name tells the process. */
async function readHolder(path: string, name: string): Promise<Holder | null> {
  try {
    const { pid, host, start } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>
    if (typeof pid === 'number' && typeof host === 'string' && typeof start === 'string') return { pid, host, start }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null
    if (!(error instanceof SyntaxError)) throw error
  }
  return { pid: Number(pattern.exec(name)?.[1]), host: hostname(), start: '' }
}

async function isAlive(holder: Holder, me: Holder): Promise<boolean> {
  if (holder.host !== me.host) return true
  if (holder.start !== '' && me.start !== '') return holder.start === (await startOf(holder.pid))
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ESRCH'
  }
}

/** The boot of the machine and the start of a process, where /proc tells them; '' where it does not, or no such process. */
async function startOf(pid: number | 'self'): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const line = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in parentheses, which may hold anything; the start is the 22nd.
    const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? '' : `${boot.trim()}:${rest[18]}`
  } catch {
    return ''
  }
}

async function drop(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
}
