/** The command `pebre`: what it prints and its exit codes, over files on a disk. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { derived, input, interned } from '../../src/index.js'
import { crc32 } from '../../src/persist/checksum.js'
import { Encoder } from '../../src/persist/codec.js'
import { endOf, prefixOf } from '../../src/persist/layout.js'
import { openDatabase } from '../../src/persist/index.js'
import { run } from '../../src/persist/tool/commands.js'
import { blockOf } from '../support/block.js'

const root = mkdtempSync(join(tmpdir(), 'pebre-tool-'))
const folder = join(root, 'site')
const base = join(folder, 'base.pebre')
const log = join(folder, 'log-0000000000000004.pebre')
let clean: { base: Buffer; log: Buffer }

async function pebre(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const texts = { out: '', error: '' }
  const code = await run(args, {
    out: (text) => (texts.out += text),
    error: (text) => (texts.error += text),
    isTerminal: false,
  })
  return { code, ...texts }
}

const jsonLines = (text: string): Record<string, unknown>[] => text.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  const file = input<[path: string], unknown>('file')
  const size = derived('size', (q, path: string) => String(q.get(file, path)).length, { version: 2 })
  const db = await openDatabase(folder, { definitions: [file, size], saveOnClose: false })
  db.set(file, 'a', 'x'.repeat(5000))
  db.set(file, '__proto__', -0)
  db.set(file, 'gone', 1)
  db.get(size, 'a')
  await db.compact()
  db.batch((tx) => {
    tx.remove(file, 'gone')
    tx.set(file, 'b', { n: 1n })
  })
  db.invalidate(size, 'a')
  await db.close()
  clean = { base: readFileSync(base), log: readFileSync(log) }
})
afterAll(() => rmSync(root, { recursive: true }))

/** Puts the files back. */
function restore(): void {
  writeFileSync(base, clean.base)
  writeFileSync(log, clean.log)
}

describe('pebre log', () => {
  it('lists commits, one a line', async () => {
    expect(await pebre('log', folder)).toEqual({
      code: 0,
      out: '4  revision 4  62 B  remove file("gone"); set file("b") = {n: 1n}\n5  revision 5  36 B  invalidate size("a")\n',
      error: '',
    })
    expect((await pebre('log', folder, '--last', '1')).out).toBe('5  revision 5  36 B  invalidate size("a")\n')
    const [first, second, end] = jsonLines((await pebre('log', folder, '--json')).out)
    expect([first?.['commit'], second?.['writes'], end?.['state'], end?.['commits']]).toEqual([4, [{ type: 'invalidate', record: 'size("a")' }], 'whole', 2])
  })

  it('says where a log is torn, which is no failure, and where it is damaged, which is one', async () => {
    truncateSync(log, clean.log.length - 3)
    const torn = await pebre('log', folder)
    expect([torn.code, torn.out.split('\n').at(-2)]).toEqual([0, `log-0000000000000004.pebre: torn at byte 102 of ${clean.log.length - 3}: the file ends inside a frame`])
    const spoiled = Buffer.from(clean.log)
    spoiled[70] = (spoiled[70] as number) ^ 1
    writeFileSync(log, spoiled)
    const damaged = await pebre('log', folder)
    expect([damaged.code, damaged.out]).toEqual([1, `log-0000000000000004.pebre: damaged at byte 40 of ${clean.log.length}: a frame does not fit its checksum\n`])
    restore()
  })
})

describe('pebre inspect', () => {
  it('shows sections with their sizes, and the largest records', async () => {
    const { code, out } = await pebre('inspect', base, '--top', '1')
    expect(code).toBe(0)
    expect(out).toMatch(/cache file, format 1, 5\.\d kB, revision 3\nbase of database [0-9a-f]{32}, holds its commits up to 3\n/)
    expect(out).toMatch(/file {2}input +3 +5\.\d kB *\n +size {2}query, version 2 +1 /)
    expect(out).toMatch(/largest records\n +5\.0 kB {2}file\("a"\)\n$/)
    const [facts] = jsonLines((await pebre('inspect', base, '--json')).out)
    expect(facts).toMatchObject({ revision: 3, base: { sequence: 3 }, sections: [{ definition: 'file', count: 3, whole: true }, { definition: 'size', type: 'derived', version: 2, count: 1, whole: true }] })
  })

  it('says what is damaged, and refuses what is no cache file', async () => {
    const spoiled = Buffer.from(clean.base)
    spoiled[1000] = (spoiled[1000] as number) ^ 1
    writeFileSync(base, spoiled)
    const { code, out } = await pebre('inspect', base)
    expect([code, out.includes('DAMAGED')]).toEqual([1, true])
    restore()
    writeFileSync(join(root, 'note.txt'), 'nothing of ours')
    expect((await pebre('inspect', join(root, 'note.txt'))).code).toBe(3)
    expect((await pebre('inspect', join(root, 'none'))).code).toBe(3)
    expect(await pebre('verify', join(root, 'note.txt'))).toMatchObject({ code: 3, out: expect.stringContaining('note.txt: NOT OK') as unknown })
  })
})

describe('pebre verify', () => {
  it('says what opening would do', async () => {
    const { code, out } = await pebre('verify', folder)
    expect([code, out.split('\n').at(-2)]).toEqual([0, '.: ok: opening loads commits 1 to 3 from the base and 2 from the log'])
    expect((await pebre('verify', base)).out).toMatch(/^base\.pebre: ok: .* loading gives 3 inputs and 1 results/)
  })

  it('finds each bit that was turned', { timeout: 60_000 }, async () => {
    for (const [path, bytes] of [[base, clean.base], [log, clean.log]] as const) {
      for (let at = 0; at < bytes.length; at += path === base ? 61 : 3) {
        const spoiled = Buffer.from(bytes)
        spoiled[at] = (spoiled[at] as number) ^ (1 << at % 8)
        writeFileSync(path, spoiled)
        expect({ path, at, code: (await pebre('verify', folder)).code === 0 }).toEqual({ path, at, code: false })
      }
      restore()
    }
    appendFileSync(base, 'x')
    expect((await pebre('verify', base)).code).toBe(1)
    restore()
  })

  it('a log whose base is gone is not ok', async () => {
    rmSync(base)
    const { code, out } = await pebre('verify', folder, '--json')
    expect([code, jsonLines(out).map(({ ok }) => ok)]).toEqual([1, [false, false]])
    restore()
  })
})

describe('pebre', () => {
  it('says how it is used', async () => {
    expect((await pebre('--help')).out).toMatch(/^Usage: pebre COMMAND PLACE/)
    expect((await pebre('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/)
    for (const args of [[], ['log'], ['look', folder], ['log', folder, folder], ['log', folder, '--last', 'x'], ['log', folder, '--other']]) {
      const { code, error } = await pebre(...args)
      expect([args, code, error.includes('Usage')]).toEqual([args, 2, true])
    }
    expect((await pebre('log', root)).code).toBe(3)
  })
})

describe('what a file may hold', () => {
  it('a folder that was closed has no log, and that is well; what values hold is not obeyed', async () => {
    const file = input<[path: string], string>('file')
    const place = join(root, 'closed')
    const db = await openDatabase(place, { definitions: [file] })
    const text = 'a\u001b\u009b2J\u202eb'
    db.set(file, text, text)
    await db.flush()
    const commit = await pebre('log', place)
    const json = await pebre('log', place, '--json')
    expect(jsonLines(json.out)[0]).toMatchObject({ writes: [{ value: JSON.stringify(text) }] })
    await db.close()
    expect([await pebre('log', place), await pebre('log', place, '--json')]).toMatchObject([{ code: 0, out: 'no commits since those in base.pebre\n', error: '' }, { code: 0, out: '', error: '' }])
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    for (const out of [commit.out, json.out, (await pebre('inspect', join(place, 'base.pebre'))).out]) expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })

  it('names that would move the cursor stand on one line; interned values are no queries', async () => {
    const odd = input<[], number>('two\nlines \u001b[31m\u009b')
    const symbol = interned<string>('symbol')
    const place = join(root, 'odd')
    const db = await openDatabase(place, { definitions: [odd, symbol], saveOnClose: false })
    db.intern(symbol, 'a')
    db.set(odd, 1)
    await db.flush()
    const shown = '"two\\nlines \\u001b[31m\\u009b"'
    expect((await pebre('log', place)).out).toMatch(/^1 .* intern symbol #\d+ = "a"; set "two\\nlines \\u001b\[31m\\u009b"\(\) = 1\n$/)
    await db.compact()
    await db.close()
    const { out } = await pebre('inspect', join(place, 'base.pebre'))
    expect(out).toContain(`${shown}()`)
    expect(out).toMatch(/ {2}symbol {2,}interned {2,}1 /)
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0080-\u009f]/)
  })

  it('verify looks into values: what no writer has written is found under checksums that fit', async () => {
    const place = join(root, 'nonsense')
    const block = blockOf(new Encoder().pack([['a'], [['\0', 0, ['\0', 99]]], 0]))
    const header = prefixOf(new Encoder().pack([1, null, [['input', 'file', 0, 1, block.length, crc32(block), 'absent', []]]]))
    const whole = Buffer.concat([header, block])
    writeFileSync(place, Buffer.concat([whole, endOf(crc32(whole))]))
    expect(await pebre('verify', place)).toMatchObject({ code: 1, out: 'nonsense: NOT OK: The section "file" is damaged: an unknown tag.\n' })
    expect(await pebre('inspect', place)).toMatchObject({ code: 1 })
  })
})
