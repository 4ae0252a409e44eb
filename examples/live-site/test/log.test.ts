/** What the log says, and how far the first build is said to be. */
import { Writable } from 'node:stream'
import { filter, firstValueFrom, Subject } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { file, template } from '../src/inputs.js'
import { createLog, logRebuilds } from '../src/log.js'
import { showProgress } from '../src/progress.js'
import { report } from '../src/queries.js'
import { memorySite } from './support/memory.js'
import type { Line } from './support/process.js'

function recordLog(isTTY = false, level: 'info' | 'debug' | 'trace' = 'info') {
  const written = new Subject<string>()
  const texts: string[] = []
  written.subscribe((text) => texts.push(text))
  const out = new Writable({ write: (chunk: Buffer, _encoding, done) => (written.next(chunk.toString()), done()) })
  const log = createLog(level, Object.assign(out, { isTTY }) as unknown as NodeJS.WriteStream)
  /** Writes, and waits for the line about it. */
  const after = async (change: () => void): Promise<Line[]> => {
    texts.length = 0
    const done = firstValueFrom(written.pipe(filter((text) => /"msg":"(?:re)?built"/.test(text))))
    change()
    await done
    await Promise.resolve()
    return texts.map((text) => JSON.parse(text) as Line)
  }
  return { log, texts, after }
}

describe('the log of rebuilds', () => {
  it('says what changed, how many queries ran and were kept, and how long it took', async () => {
    const db = memorySite({})
    const { log, after } = recordLog()
    logRebuilds(db, log)
    const [built] = await after(() => db.set(file, 'a.md', '# A'))
    expect(built).toMatchObject({ level: 'info', msg: 'built', changed: 'a.md' })
    const lines = await after(() => db.batch((tx) => {
      tx.set(file, 'a.md', '# A\ntext')
      tx.set(template, 'x{{ content }}')
    }))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ msg: 'rebuilt', changed: 'a.md, template.html', ms: expect.any(Number) as number })
    expect(lines[0]?.['ran']).toBeGreaterThan(5)
    expect(lines[0]?.['kept']).toBeGreaterThan(0)
    db.close()
  })

  it('counts what the events of the database count', async () => {
    const db = memorySite({ 'a.md': '# A', 'b.md': '# B' })
    await db.get(report)
    const { log, after } = recordLog()
    logRebuilds(db, log)
    let ran = 0
    let kept = 0
    db.events('run', 'validation').subscribe((event) => {
      if (event.type === 'queryStarted' && event.definition !== 'accumulated') ran++
      if (event.type === 'queryValidated') kept++
    })
    const [line] = await after(() => db.set(file, 'a.md', '# A\ntext'))
    expect(line).toMatchObject({ ran, kept })
    db.close()
  })

  it('tells problems once when they come and once when they go', async () => {
    const db = memorySite({ 'a.md': '# A' })
    const { log, after } = recordLog()
    logRebuilds(db, log)
    const came = await after(() => db.set(file, 'a.md', '[x](nope.md)'))
    expect(came.slice(1)).toMatchObject([{ level: 'warn', msg: 'broken link', page: 'a.md', message: 'there is no nope.md' }])
    expect(await after(() => db.set(file, 'a.md', '[x](nope.md) more'))).toHaveLength(1)
    const failed = await after(() => db.set(file, 'a.md', '---\norder: x\n---\n'))
    expect(failed.slice(1)).toMatchObject([{ level: 'error', msg: 'page failed', page: 'a.md' }, { level: 'info', msg: 'healed', was: 'broken link' }])
    const healed = await after(() => db.set(file, 'a.md', '# A'))
    expect(healed.slice(1)).toMatchObject([{ level: 'info', msg: 'healed', was: 'page failed', page: 'a.md' }])
    db.close()
  })

  it('a template that fails every page is one line', async () => {
    const db = memorySite(Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`p${n}.md`, '# P'])))
    const { log, after } = recordLog()
    logRebuilds(db, log)
    const lines = await after(() => db.set(template, 'no slot'))
    expect(lines.slice(1)).toMatchObject([{ msg: 'page failed', page: '10 pages' }])
    db.close()
  })

  it('goes into detail where asked, and is readable on a terminal', async () => {
    const db = memorySite({ 'a.md': '# A' })
    const { log, after } = recordLog(false, 'trace')
    logRebuilds(db, log)
    const lines = await after(() => db.set(file, 'a.md', '# B'))
    expect(lines.filter(({ msg }) => msg === 'run').map(({ query }) => query)).toContain('markdown(a.md)')
    const terminal = recordLog(true)
    terminal.log.warn({ page: 'a.md' }, 'broken link')
    // oxlint-disable-next-line no-control-regex -- the colours are the point
    expect(terminal.texts.join('').replaceAll(/\r|\u001B\[[\d;]*[mK]/g, '')).toMatch(/^\d\d:\d\d:\d\d broken link page a\.md\n$/)
    db.close()
  })
})

describe('progress', () => {
  const pages = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`p${n}.md`, '# P']))

  /** What is shown if the first line is due while the site is being built, or else not before it stands. */
  async function shown(isTTY: boolean, isSlow = true): Promise<string> {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    try {
      const db = memorySite(pages)
      let text = ''
      const progress = showProgress(db, { isTTY, columns: 45, write: (part) => (text += part) })
      const built = db.get(report)
      if (isSlow) vi.advanceTimersByTime(1000)
      await built
      progress.unsubscribe()
      vi.advanceTimersByTime(5000)
      return text
    } finally {
      vi.useRealTimers()
    }
  }

  it('is a line that moves on a terminal, within its width, and is gone at the end', async () => {
    const text = await shown(true)
    expect(text.startsWith('\r\u001B[K')).toBe(true)
    expect(text.slice(4)).toMatch(/^building 31 pages: \d+ steps done, \d+ on/)
    expect(text).not.toContain('\n')
    expect(text.endsWith('\r\u001B[K')).toBe(true)
    for (const line of text.split('\r\u001B[K')) expect(line.length).toBeLessThan(45)
  })

  it('is plain lines elsewhere, and none where the site stands before the first is due', async () => {
    expect(await shown(false)).toMatch(/^(building 31 pages: \d+ steps done, [1-9]\d* on the way\n)+$/)
    expect(await shown(false, false)).toBe('')
  })
})
