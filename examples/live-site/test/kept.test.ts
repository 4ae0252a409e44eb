/** What is kept from one start to the next. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { put, run, serveFolder, temporaryFolder } from './support/process.js'

const pages = { 'index.md': '# Home\n\n[a](a.md)', 'a.md': '# A\n\n```ts\nconst a = 1\n```\n', 'sub/b.md': '# B\n\n[home](/index.md)', 'template.html': '<title>{{ title }}</title>one {{ content }}' }

interface Built {
  readonly ran: number
}

describe('a site that is kept', () => {
  it('[WAL-11 PER-12] nothing runs again where nothing has changed, and an edit made meanwhile is seen', { timeout: 120_000 }, async () => {
    const root = await temporaryFolder(pages)
    const cache = await temporaryFolder()
    const start = async () => serveFolder(root, '--cache', cache)
    const first = await start()
    const cold = (await first.line('built')) as unknown as Built
    const html = await (await fetch(`${first.url}a`)).text()
    expect((await first.interrupt()).code).toBe(0)

    const second = await start()
    expect({ cold: cold.ran > 30, warm: await second.line('built') }).toMatchObject({ cold: true, warm: { ran: 0 } })
    expect(await (await fetch(`${second.url}a`)).text()).toBe(html)
    await second.interrupt()

    await put(root, 'a.md', '# A, changed')
    await rm(join(root, 'template.html'))
    await rm(join(root, 'sub/b.md'))
    const third = await start()
    expect(await third.line('rebuilt')).toMatchObject({ changed: expect.stringContaining('a.md') as string })
    expect(await (await fetch(`${third.url}a`)).text()).toMatch(/A, changed/)
    expect(await (await fetch(`${third.url}a`)).text()).not.toMatch(/<title>A, changed<.title>one/)
    expect((await fetch(`${third.url}sub/b`)).status).toBe(404)
    await third.interrupt()
  })

  it('a process that was killed starts with what was written down', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder(pages)
    const cache = await temporaryFolder()
    const first = await serveFolder(root, '--cache', cache)
    await first.line('built')
    first.child.kill('SIGKILL')
    const second = await serveFolder(root, '--cache', cache)
    expect(await (await fetch(second.url)).text()).toContain('Home')
    expect((await second.interrupt()).code).toBe(0)
  })

  it('a cache that cannot be used is left alone', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder(pages)
    const cache = await temporaryFolder()
    const [one, two] = [await temporaryFolder(), await temporaryFolder()]
    await run('build', '--root', root, '--out', one, '--cache', cache)
    const bytes = await readFile(join(cache, 'base.pebre'))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(join(cache, 'base.pebre'), bytes)
    const { code, out } = await run('build', '--root', root, '--out', two, '--cache', cache)
    expect({ code, warned: out.includes('the cache is not used') }).toEqual({ code: 0, warned: true })
    expect(await readFile(join(two, 'index.html'), 'utf8')).toBe(await readFile(join(one, 'index.html'), 'utf8'))
    expect(await readFile(join(cache, 'base.pebre'))).toEqual(bytes)
  })
})
