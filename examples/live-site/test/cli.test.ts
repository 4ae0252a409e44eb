/** The command as its user meets it. */
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readOptions, UsageError } from '../src/options.js'
import { Command, put, run, serveFolder, temporaryFolder } from './support/process.js'

describe('options', () => {
  it.each([
    ['--port x', '--port must be a number from 0 to 65535: x'],
    ['--port 65536', '--port must be'],
    ['--port=-1', '--port must be'],
    ['--port', 'option \'--port <value>\' argument missing'],
    ['--log loud', '--log must be one of silent, error, warn, info, debug, trace: loud'],
    ['--nope', 'unknown option \'--nope\''],
    ['serve more', 'unknown command: serve more'],
    ['bild', 'unknown command: bild'],
    ['--host 0.0.0.0', '--host must be a loopback address'],
    ['--host example.com', '--host must be'],
    ['--host 127.0.0.1.evil.com', '--host must be'],
    ['--root=', '--root needs a folder'],
    ['--cache=', '--cache needs a folder'],
    ['--cache x --no-cache', '--cache and --no-cache exclude each other'],
    ['--out x', '--out is for build'],
    ['build', 'build needs --out DIR'],
    ['build --out x --port 1', '--port is not for build'],
  ])('%s: %s', (line, message) => {
    const read = (): unknown => readOptions(line.split(' '))
    expect(read).toThrow(UsageError)
    expect(read).toThrow(message)
    expect(read).toThrow(/^[^\n]+$/)
  })

  it('have defaults', () => {
    expect(readOptions([])).toEqual({ command: 'serve', root: '.', port: 4180, host: '127.0.0.1', open: false, html: false, log: 'info', cache: 'own' })
    expect(readOptions(['build', '--out', 'x', '--html'])).toEqual({ command: 'build', root: '.', out: 'x', html: true, log: 'info', cache: 'none' })
    expect(readOptions(['--no-cache'])).toMatchObject({ cache: 'none' })
    expect(readOptions(['build', '--out', 'x', '--cache', 'c'])).toMatchObject({ cache: { folder: 'c' } })
    expect(readOptions(['--host', '::1', '--open'])).toMatchObject({ host: '::1', open: true })
    expect(readOptions(['bad', '--help'])).toEqual({ command: 'help' })
  })
})

describe('errors are one clear line and a non-zero exit', () => {
  it('a bad flag', async () => {
    expect(await run('--nope')).toMatchObject({ code: 2, out: '', errors: expect.stringMatching(/^live-site: unknown option '--nope'\n$/) as string })
  })

  it('a missing folder, a file for a folder', async () => {
    const root = await temporaryFolder({ 'a.md': '# A' })
    expect(await run('--root', join(root, 'nope'))).toEqual({ code: 2, out: '', errors: `live-site: there is no folder ${join(root, 'nope')}\n` })
    const built = await run('build', '--root', join(root, 'a.md'), '--out', join(root, '../out'))
    expect(built).toMatchObject({ code: 2, errors: expect.stringMatching(/is not a folder\n$/) as string })
  })

  it('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const root = await temporaryFolder({ 'a.md': '# A' })
    const { code, errors } = await run('--root', root, '--port', String(port), '--log', 'silent')
    expect(code).toBe(2)
    expect(errors.split('\n').filter((line) => !line.startsWith('building'))).toEqual([`live-site: port ${port} is in use; --port 0 takes a free one`, ''])
    server.close()
  })

  it('help is no error', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, errors: '', out: expect.stringContaining('--root DIR') as string })
  })
})

describe('serving', () => {
  it('follows the folder, and ends with Ctrl-C', async () => {
    const root = await temporaryFolder({ 'index.md': '# Home', 'sub/deep/a.md': '# A' })
    const site = await serveFolder(root)
    expect(await (await fetch(site.url)).text()).toContain('Home')
    expect(await site.line('built')).toMatchObject({ ran: expect.any(Number) as number, kept: 0 })
    await put(root, 'index.md', '# Other home')
    expect(await site.line('rebuilt')).toMatchObject({ changed: 'index.md' })
    expect(await (await fetch(site.url)).text()).toContain('Other home')
    const { code, errors } = await site.interrupt()
    expect(code).toBe(0)
    expect(errors).toMatch(/^(building \d pages: \d+ steps done, \d+ on the way\n)*$/)
    expect(site.lines.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  it('ends with Ctrl-C during the first build too', async () => {
    const root = await temporaryFolder(Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`p${n}.md`, `# P\n\`\`\`ts\nconst a = ${n}\n\`\`\`\n`])))
    const site = await serveFolder(root)
    const { code, errors } = await site.interrupt()
    expect(code).toBe(0)
    expect(errors).not.toContain('live-site:')
    expect(site.lines.map(({ msg }) => msg)).toEqual(['serving', 'stopped'])
  })
})

describe('build', () => {
  const files = { 'index.md': '# Home\n[a](sub/a.md) ![p](p.svg)', 'sub/a.md': '# A\n[home](../index.md)', 'p.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>' }

  it('writes a site whose links are relative, and its files', async () => {
    const root = await temporaryFolder(files)
    const out = join(await temporaryFolder(), 'new/out')
    expect(await run('build', '--root', root, '--out', out)).toMatchObject({ code: 0 })
    const written = (await readdir(out, { recursive: true })).toSorted()
    expect(written).toEqual(['_site', '_site/icon.svg', '_site/site.css', 'index.html', 'p.svg', 'sub', 'sub/a.html', 'sub/index.html'])
    const home = await readFile(join(out, 'index.html'), 'utf8')
    expect(home).toContain('<a href="sub/a.html">a</a> <img src="p.svg?v=')
    expect(home).not.toContain('client.js')
    expect(await readFile(join(out, 'sub/a.html'), 'utf8')).toMatch(/href="\.\.\/_site\/site\.css"[\s\S]*<a href="\.\.\/index\.html">home<\/a>/)
  })

  it('tells what is wrong; a page that fails is left out and the exit says so, a broken link is a warning', async () => {
    const root = await temporaryFolder({ ...files, 'bad.md': '---\norder: x\n---\n', 'sub/b.md': '[x](nope.md)' })
    const out = await temporaryFolder()
    const result = await run('build', '--root', root, '--out', out)
    expect(result.code).toBe(1)
    expect(result.out).toContain('"msg":"page failed"')
    expect(result.out).toContain('there is no sub/nope.md')
    expect(await readdir(out)).not.toContain('bad.html')
  })

  it('not into its own folder', async () => {
    const root = await temporaryFolder(files)
    for (const out of [root, join(root, 'out'), join(root, '..')]) {
      expect(await run('build', '--root', root, '--out', out)).toMatchObject({ code: 2, errors: expect.stringMatching(/^live-site: --out must lie outside/) as string })
    }
    expect((await readdir(root)).toSorted()).toEqual(['index.md', 'p.svg', 'sub'])
    expect(basename(root)).toMatch(/^live-site-/)
  })

  it('is stopped by Ctrl-C', async () => {
    // Blocks that take many times the second after which the first line of progress comes.
    const block = (n: number): string => Array.from({ length: 40 }, (_, line) => `const a${line}: Map<string, number[]> = new Map([['${n}', [${line}]]])`).join('\n')
    const root = await temporaryFolder(Object.fromEntries(Array.from({ length: 800 }, (_, n) => [`p${n}.md`, `# P\n\`\`\`ts\n${block(n)}\n\`\`\`\n`])))
    const command = new Command(['build', '--root', root, '--out', await temporaryFolder()])
    await once(command.child.stderr, 'data')
    expect(await command.interrupt()).toMatchObject({ code: 1, errors: expect.stringMatching(/live-site: stopped\n$/) as string })
  })
})
