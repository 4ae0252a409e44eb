/** Ports for tests: copies of files in memory, and disks that fail or crash. */
import { inspect } from 'node:util'
import type { Definition, Input, View } from '../../src/index.js'
import { MemoryPort } from '../../src/persist/ports/memory.js'
import type { Lock, Port } from '../../src/persist/ports/port.js'

/** A port in memory that holds these files. */
export async function portWith(files: Readonly<Record<string, Uint8Array>>): Promise<MemoryPort> {
  const port = new MemoryPort()
  for (const [name, bytes] of Object.entries(files)) await port.append(name, bytes)
  return port
}

/** What a port holds. */
export async function filesOf(port: Port): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {}
  for (const name of (await port.list()).toSorted()) files[name] = (await port.read(name)) ?? new Uint8Array(0)
  return files
}

/** All inputs of a view, as text that tells apart what values tell apart. */
export function inputsOf(view: View, definitions: readonly Definition[]): string {
  const inputs = definitions.filter((definition): definition is Input<[unknown], unknown> => definition.kind === 'input')
  return inputs.map((definition) => {
    const lines = view.keys(definition).map((key) => {
      const args = (Array.isArray(key) ? key : [key]) as [unknown]
      return inspect([args, view.get(definition, ...args)], { depth: 20, compact: true, sorted: true, breakLength: Infinity })
    })
    return `${definition.name}: ${lines.toSorted().join(' ')}`
  }).join('\n')
}

export class Crash extends Error {}

/** What is asked of a disk, in order; `list` and reads change nothing, and are not counted. */
export type Step = 'write' | 'append' | 'sync' | 'truncate' | 'remove' | 'rename'

/**
 * A disk that forgets, as disks do: what was appended, cut off or removed may be lost or half done until `sync`, a write or a rename
 * has resolved. `failAt` makes one step fail: as a crash, after which nothing works any more, or as an error the disk gets over.
 */
export class Disk implements Port {
  /** The steps so far. */
  readonly steps: { step: Step; name: string }[] = []
  /** Called before each step; throw to fail it. The step is not done, or, of an append or a write, in part. */
  before: (step: Step, name: string, number: number) => void = () => {}
  private readonly files = new Map<string, { safe: Uint8Array; bytes: Uint8Array }>()
  /** Files that were removed, and may come back. */
  private readonly removed = new Map<string, Uint8Array>()
  private crashed = false
  private locked = false

  /** What a crash leaves: of each unsafe file something between what is safe and what was written. `choose` gives numbers from 0 up to `limit - 1`. */
  remains(choose: (limit: number) => number): Disk {
    const disk = new Disk()
    for (const [name, bytes] of this.removed) if (choose(2) === 1) disk.files.set(name, { safe: bytes, bytes })
    for (const [name, { safe, bytes }] of this.files) {
      if (bytes.length >= safe.length) {
        const kept = bytes.slice(0, safe.length + choose(bytes.length - safe.length + 1))
        if (kept.length > 0) disk.files.set(name, { safe: kept, bytes: kept })
      } else {
        const kept = choose(2) === 1 ? bytes : safe
        disk.files.set(name, { safe: kept, bytes: kept })
      }
    }
    return disk
  }

  async read(name: string, offset: number = 0, length: number = Infinity): Promise<Uint8Array | null> {
    this.check()
    return this.files.get(name)?.bytes.slice(offset, offset + length) ?? null
  }

  async write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk.slice())
    this.step('write', name)
    const bytes = new Uint8Array(Buffer.concat(parts))
    this.removed.delete(name)
    this.files.set(name, { safe: bytes, bytes })
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    const file = this.files.get(name) ?? { safe: new Uint8Array(0), bytes: new Uint8Array(0) }
    const land = (count: number): void => {
      this.files.set(name, { safe: file.safe, bytes: new Uint8Array(Buffer.concat([file.bytes, bytes.subarray(0, count)])) })
    }
    try {
      this.step('append', name)
    } catch (error) {
      land(Math.floor(bytes.length / 2))
      throw error
    }
    land(bytes.length)
  }

  async sync(name: string): Promise<void> {
    this.step('sync', name)
    const file = this.files.get(name)
    if (file !== undefined) file.safe = file.bytes
  }

  async truncate(name: string, length: number): Promise<void> {
    this.step('truncate', name)
    const file = this.files.get(name)
    if (file !== undefined) file.bytes = file.bytes.slice(0, length)
  }

  async size(name: string): Promise<number | null> {
    this.check()
    return this.files.get(name)?.bytes.length ?? null
  }

  async list(): Promise<string[]> {
    this.check()
    return [...this.files.keys()]
  }

  async remove(name: string): Promise<void> {
    this.step('remove', name)
    const file = this.files.get(name)
    if (file !== undefined) this.removed.set(name, file.safe)
    this.files.delete(name)
  }

  async rename(from: string, to: string): Promise<void> {
    this.step('rename', from)
    const file = this.files.get(from)
    if (file === undefined) throw new Error(`there is no ${from}`)
    this.files.delete(from)
    this.files.set(to, { safe: file.bytes, bytes: file.bytes })
  }

  async lock(): Promise<Lock> {
    this.check()
    if (this.locked) throw new Error('locked')
    this.locked = true
    return {
      release: async () => {
        this.locked = false
      },
    }
  }

  async close(): Promise<void> {}

  private check(): void {
    if (this.crashed) throw new Crash('the disk is gone')
  }

  private step(step: Step, name: string): void {
    this.check()
    this.steps.push({ step, name })
    try {
      this.before(step, name, this.steps.length)
    } catch (error) {
      if (error instanceof Crash) this.crashed = true
      throw error
    }
  }
}
