/** A log that was cut off or damaged. */
import { describe, expect, it } from 'vitest'
import { input } from '../../src/index.js'
import { LogError, MemoryPort, openDatabase } from '../../src/persist/index.js'
import { crc32 } from '../../src/persist/checksum.js'
import { Disk, filesOf, inputsOf, portWith } from '../support/ports.js'
import { forSeeds } from '../support/random.js'
import { rejectionOf } from '../support/turns.js'

const file = input<[path: string], unknown>('file')
const other = input<[], unknown>('other')
const definitions = [file, other]
const options = { definitions, saveOnClose: false } as const
const strict = { ...options, recovery: 'strict' } as const
const name = 'log-0000000000000001.pebre'

interface Written {
  readonly bytes: Uint8Array
  /** What the database showed after each number of commits, and where the log ended then. */
  readonly states: readonly string[]
  readonly ends: readonly number[]
}

/** A log of some commits, two of them batches, one of them long. */
async function write(): Promise<Written> {
  const port = new MemoryPort()
  const db = await openDatabase(port, options)
  const states = [inputsOf(db, definitions)]
  const ends = [0]
  const done = async (): Promise<void> => {
    await db.flush()
    states.push(inputsOf(db, definitions))
    ends.push((await port.size(name)) ?? 0)
  }
  const commits = [
    () => db.set(file, 'a', 1),
    () => db.batch((tx) => ['a', 'b', 'c'].forEach((key) => tx.set(file, key, { key }))),
    () => db.set(other, 'x'.repeat(300)),
    () => db.remove(file, 'b'),
    () => db.batch((tx) => {
      tx.set(other, 2)
      tx.set(file, 'c', [1, 2])
    }),
  ]
  for (const commit of commits) {
    commit()
    await done()
  }
  await db.close()
  return { bytes: (await port.read(name)) as Uint8Array, states, ends }
}

const wholeIn = (ends: readonly number[], length: number): number => ends.findLastIndex((end) => end <= length)

describe('a log that was cut off', () => {
  it('[WAL-2 WAL-3] at any byte: all whole commits are there, the tail is told, and cut off by the next commit', { timeout: 60_000 }, async () => {
    const { bytes, states, ends } = await write()
    for (let length = 0; length <= bytes.length; length++) {
      const port = await portWith({ [name]: bytes.slice(0, length) })
      const db = await openDatabase(port, strict)
      const whole = wholeIn(ends, length)
      const end = ends[whole] as number
      const tail = length > end && !(whole === 0 && length === 40)
      expect({ length, state: inputsOf(db, definitions), torn: db.report.log.torn?.offset ?? null }).toEqual({ length, state: states[whole], torn: tail ? (length < 40 ? 0 : Math.max(end, 40)) : length === 0 ? 0 : null })
      expect(await port.size(name)).toBe(length)
      db.set(other, 'new')
      const state = inputsOf(db, definitions)
      await db.close()
      const again = await openDatabase(port, strict)
      expect({ length, state: inputsOf(again, definitions), torn: again.report.log.torn, replayed: again.report.log.replayed }).toEqual({ length, state, torn: null, replayed: whole + 1 })
      await again.close()
    }
  })

  it('[WAL-3] a tail of zeros, as some file systems leave it, is cut off too', async () => {
    const { bytes, states, ends } = await write()
    const end = ends[3] as number
    const port = await portWith({ [name]: Uint8Array.from([...bytes.slice(0, end), ...new Uint8Array(5000)]) })
    const db = await openDatabase(port, strict)
    expect({ state: inputsOf(db, definitions), torn: db.report.log.torn?.offset }).toEqual({ state: states[3], torn: end })
    await db.close()
  })
})

describe('a damaged log', () => {
  it('[WAL-2 WAL-4] any bit of any byte: nothing from the damage on is applied, strict fails, and the file is kept', { timeout: 60_000 }, async () => {
    const { bytes, states, ends } = await write()
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] as number) ^ (1 << at % 8)
      const before = ends.findLastIndex((end) => end <= at)
      await expect(openDatabase(await portWith({ [name]: damaged }), strict)).rejects.toThrow(LogError)
      const port = await portWith({ [name]: damaged })
      const db = await openDatabase(port, options)
      expect({ at, state: inputsOf(db, definitions) }).toEqual({ at, state: states[before] })
      expect(db.report.log.damaged).toMatchObject({ file: name, offset: before === 0 && at < 40 ? 0 : Math.max(40, ends[before] as number) })
      expect(await port.read(`${name}.damaged`)).toEqual(damaged)
      db.set(other, 'new')
      const state = inputsOf(db, definitions)
      await db.close()
      const again = await openDatabase(port, strict)
      expect({ at, state: inputsOf(again, definitions), damaged: again.report.log.damaged }).toEqual({ at, state, damaged: null })
      await again.close()
    }
  })

  it('[WAL-2 WAL-4] frames that were moved, repeated, left out or taken from another log are damage', async () => {
    const { bytes, ends, states } = await write()
    const { bytes: foreign, ends: foreignEnds } = await write()
    const frame = (from: Uint8Array, at: readonly number[], i: number): Uint8Array => from.slice(Math.max(40, at[i - 1] as number), at[i])
    const own = [1, 2, 3, 4, 5].map((i) => frame(bytes, ends, i))
    const [one, two, three, four, five] = own as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    const splices: [kept: number, frames: Uint8Array[]][] = [
      [1, [one, three, two, four, five]],
      [2, [one, two, two, three]],
      [1, [one, three, four, five]],
      [2, [one, two, frame(foreign, foreignEnds, 3), four]],
      [0, [two, one]],
    ]
    for (const [whole, frames] of splices) {
      const port = await portWith({ [name]: new Uint8Array(Buffer.concat([bytes.slice(0, 40), ...frames])) })
      const db = await openDatabase(port, options)
      expect({ state: inputsOf(db, definitions), damaged: db.report.log.damaged !== null }).toEqual({ state: states[whole], damaged: true })
      await db.close()
    }
  })

  it('[WAL-2 WAL-4] random damage never gives anything but a state that was', { timeout: 60_000 }, async () => {
    const { bytes, states } = await write()
    await forSeeds(300, async (random) => {
      const spoiled = [...bytes]
      for (let n = 1 + random.int(3); n > 0; n--) {
        const at = random.int(spoiled.length)
        const garbage = Array.from({ length: random.int(60) }, () => random.int(256))
        const act = random.int(3)
        if (act === 0) spoiled.splice(at, random.int(60), ...garbage)
        else if (act === 1) spoiled.splice(at, 0, ...spoiled.slice(random.int(spoiled.length)))
        else spoiled.splice(at)
        if (spoiled.length === 0) spoiled.push(0)
      }
      const db = await openDatabase(await portWith({ [name]: Uint8Array.from(spoiled) }), options).catch((error: unknown) => error)
      if (db instanceof Error) {
        expect(db).toBeInstanceOf(LogError)
        return
      }
      const opened = db as Awaited<ReturnType<typeof openDatabase>>
      expect(states).toContain(inputsOf(opened, definitions))
      await opened.close()
    })
  })

  it('[WAL-5] a log of another database is refused', async () => {
    const first = new MemoryPort()
    const db = await openDatabase(first, options)
    db.set(other, 1)
    await db.compact()
    db.set(other, 2)
    await db.close()
    const { [name]: foreign } = await filesOf(await portWith({ [name]: (await write()).bytes }))
    const base = (await first.read('base.pebre')) as Uint8Array
    await expect(openDatabase(await portWith({ 'base.pebre': base, [name]: foreign as Uint8Array }), options)).rejects.toMatchObject({ code: 'lineage' })
  })

  it('[WAL-5] a log of an older base is passed over, and told', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    db.set(other, 1)
    db.set(other, 2)
    await db.flush()
    const old = (await port.read(name)) as Uint8Array
    await db.compact()
    expect(await port.list()).toEqual(['base.pebre'])
    await db.close()
    await port.append(name, old)
    const again = await openDatabase(port, strict)
    expect({ log: again.report.log, value: again.get(other) }).toEqual({ log: { replayed: 0, torn: null, damaged: null, skipped: [name], dropped: 0 }, value: 2 })
    again.set(other, 3)
    await again.close()
    const third = await openDatabase(port, strict)
    expect(third.get(other)).toBe(3)
    await third.close()
  })

  it('[WAL-5] a log without the base it goes on from is refused, and kept', async () => {
    const port = new MemoryPort()
    const db = await openDatabase(port, options)
    db.set(other, 1)
    await db.compact()
    db.set(other, 2)
    await db.close()
    await port.remove('base.pebre')
    const before = await filesOf(port)
    await expect(openDatabase(port, options)).rejects.toMatchObject({ code: 'base-missing' })
    expect(await filesOf(port)).toEqual(before)
  })

  it('[WAL-4] a write of a definition that is not there, or is something else: refused, or left out', async () => {
    const { bytes } = await write()
    for (const changed of [[file], [file, input<[], unknown>('another')]]) {
      await expect(openDatabase(await portWith({ [name]: bytes }), { ...options, definitions: changed })).rejects.toMatchObject({ code: 'mismatch' })
    }
    const db = await openDatabase(await portWith({ [name]: bytes }), { ...options, definitions: [file], onMismatch: 'drop' })
    expect({ dropped: db.report.log.dropped, c: db.get(file, 'c') }).toEqual({ dropped: 2, c: [1, 2] })
    await db.close()
  })

  it('[WAL-4] a segment of a newer version, or under the name of another, is refused, and kept', async () => {
    const { bytes } = await write()
    const newer = bytes.slice()
    const view = new DataView(newer.buffer)
    view.setUint32(8, 2, true)
    view.setUint32(36, crc32(newer.subarray(0, 36)), true)
    const refused = async (files: Readonly<Record<string, Uint8Array>>): Promise<unknown> => {
      const port = await portWith(files)
      const error = await rejectionOf(openDatabase(port, options))
      expect(await filesOf(port)).toEqual(files)
      return error
    }
    expect(await refused({ [name]: newer })).toMatchObject({ code: 'newer', file: name })
    const second = 'log-0000000000000006.pebre'
    expect(await refused({ [name]: bytes, [second]: bytes })).toMatchObject({ code: 'damaged', file: second })
  })

  it('[WAL-4 WAL-2] a segment that begins after the end of the one before is damage, and so is all behind it', async () => {
    const disk = new Disk()
    const db = await openDatabase(disk, options)
    for (let n = 1; n <= 3; n++) {
      db.set(other, n)
      await db.flush()
      // No base can be written: the log goes on in a segment of its own.
      disk.before = (step) => {
        if (step === 'write') throw new Error('no space left')
      }
      await rejectionOf(db.compact())
    }
    disk.before = () => {}
    await db.close()
    const files = await filesOf(disk)
    const segments = [1, 2, 3].map((first) => `log-000000000000000${first}.pebre`) as [string, string, string]
    expect(Object.keys(files)).toEqual(segments)
    const { [segments[1]]: lost, ...left } = files
    expect(lost).toBeDefined()
    await expect(openDatabase(await portWith(left), strict)).rejects.toMatchObject({ code: 'damaged', file: segments[2] })
    const port = await portWith(left)
    const again = await openDatabase(port, options)
    expect({ value: again.get(other), damaged: again.report.log.damaged?.reason }).toEqual({ value: 1, damaged: `"${segments[2]}" begins with commit 3, and commit 2 is missing` })
    again.set(other, 'new')
    await again.close()
    expect(await port.read(`${segments[2]}.damaged`)).toEqual(left[segments[2]])
    const third = await openDatabase(port, strict)
    expect(third.get(other)).toBe('new')
    await third.close()
  })
})
