/** What is kept from one start to the next. */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { edition } from '../src/edition.js'
import { definitions } from '../src/queries.js'
import { caches, put, run, serveFolder, temporaryFolder } from './support/process.js'

const pages = { 'index.md': '# Home\n\n[a](a.md)', 'a.md': '# A\n\n```ts\nconst a = 1\n```\n', 'sub/b.md': '# B\n\n[home](/index.md)', 'template.html': '<title>{{ title }}</title>one {{ content }}' }

interface Built {
  readonly ran: number
}

/** The folders where something was kept of a root without being asked. */
async function kept(root: string): Promise<string[]> {
  const names = await readdir(join(caches, 'live-site')).catch(() => [])
  return names.filter((name) => name.startsWith(`${basename(root)}-`)).map((name) => join(caches, 'live-site', name))
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

  it('is kept without being asked, for each root among the caches of the person, and not in the folder of the pages; --no-cache keeps nothing', { timeout: 120_000 }, async () => {
    const root = await temporaryFolder(pages)
    const ran = async (...args: readonly string[]): Promise<number> => {
      const site = await serveFolder(root, ...args)
      const built = (await site.line('built')) as unknown as Built
      expect((await site.interrupt()).code).toBe(0)
      return built.ran
    }
    const cold = await ran('--no-cache')
    expect(await kept(root)).toEqual([])
    expect(await ran()).toBe(cold)
    expect(await ran()).toBe(0)
    const [folder = ''] = await kept(root)
    expect(await readdir(folder)).toContain('base.pebre')
    if (process.platform !== 'win32') expect((await stat(folder)).mode & 0o077).toBe(0)
    expect(await ran('--no-cache')).toBe(cold)
    expect((await readdir(root)).toSorted()).toEqual(['a.md', 'index.md', 'sub', 'template.html'])
    expect(await run('build', '--root', root, '--out', await temporaryFolder())).toMatchObject({ code: 0 })
    expect(await kept(root)).toEqual([folder])
    // Damage: a cache of our own is made anew.
    const base = join(folder, 'base.pebre')
    const bytes = await readFile(base)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(base, bytes)
    expect(await ran()).toBe(cold)
    expect(await ran()).toBe(0)
  })

  it('[PER-8] results belong to the edition of the program that made them', () => {
    expect(edition).toMatch(/^[\w-]{16}$/)
    const versions = definitions.flatMap((definition) => (definition.kind === 'derived' ? [definition.options.version] : []))
    expect(new Set(versions)).toEqual(new Set([edition]))
  })

  it('a second process on one folder goes without', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder(pages)
    const first = await serveFolder(root)
    await first.line('built')
    const second = await serveFolder(root)
    expect(await second.line('the cache is not used')).toMatchObject({ level: 'warn' })
    expect(await (await fetch(second.url)).text()).toContain('Home')
    expect((await second.interrupt()).code).toBe(0)
    expect((await first.interrupt()).code).toBe(0)
    expect(await kept(root)).toHaveLength(1)
  })

  it('a folder that cannot be made is a warning', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder(pages)
    const site = await serveFolder(root, '--cache', join(root, 'a.md', 'cache'))
    expect(await site.line('the cache is not used')).toMatchObject({ level: 'warn' })
    expect(await (await fetch(site.url)).text()).toContain('Home')
    expect((await site.interrupt()).code).toBe(0)
  })

  it('a cache that was named and cannot be used is left alone', { timeout: 60_000 }, async () => {
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
