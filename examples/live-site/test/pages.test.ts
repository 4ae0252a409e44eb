/** What pages look like: Markdown, links, failures, navigation. */
import { queryPath } from 'pebre'
import { describe, expect, it } from 'vitest'
import { splitFrontMatter } from '../src/front-matter.js'
import { file, settings, template } from '../src/inputs.js'
import { address, content, diagnostics, page, problems, report } from '../src/queries.js'
import { show } from '../src/show.js'
import { relativeUrl, requestedPath, resolvePath } from '../src/urls.js'
import { memorySite } from './support/memory.js'

async function contentOf(text: string, html = false): Promise<string> {
  return memorySite({ 'a.md': text }, { html }).get(content, 'a.md')
}

describe('Markdown', () => {
  it('raw HTML and script links are text, unless asked for', async () => {
    const text = '# T\n<script>alert(1)</script>\n\n<b>bold</b> [x](javascript:alert(1)) ![y](javascript:alert(2))'
    const safe = await contentOf(text)
    expect(safe).not.toMatch(/<script|<b>|(?:href|src)="javascript/)
    expect(safe).toContain('&lt;script&gt;')
    const raw = await contentOf(text, true)
    expect(raw).toContain('<script>alert(1)</script>')
    expect(raw).not.toMatch(/(?:href|src)="javascript/)
  })

  it('attributes cannot be broken out of', async () => {
    const html = await contentOf('# T\n[x](<nope"onmouseover="a> "t\\"i<tle") ![a"><script>](<b"c.png>)\n\n## "><script>\n\n```"><script>\n<script>\n```')
    expect(html).not.toContain('<script>')
    expect(html).not.toMatch(/"onmouseover/)
  })

  it('code is coloured; a language nobody knows is plain text, also one with the name of a property', async () => {
    expect(await contentOf('# T\n```ts\nconst a = 1\n```')).toMatch(/<pre class="shiki[^>]*><code><span class="line"><span style="--shiki-light:#\w+;--shiki-dark:#\w+">const<\/span>/)
    expect(await contentOf('# T\n```constructor\na < b\n```\n\n    c & d')).toMatch(/a &#x3C; b[\s\S]*c &#x26; d/)
  })

  it('headings have ids like those of GitHub, each once', async () => {
    const html = await contentOf('# T\n## Ünïcode & `code`!\n## Again\n## Again\n## Again-1\n## !')
    expect([...html.matchAll(/<h\d id="([^"]*)"/g)].map((match) => match[1])).toEqual(['t', 'ünïcode--code', 'again', 'again-1', 'again-1-1', 'section'])
  })

  it('a page without a heading gets its title', async () => {
    expect(await contentOf('---\ntitle: A & B\n---\ntext')).toBe('<h1>A &amp; B</h1>\n<p>text</p>\n')
  })
})

describe('front matter', () => {
  it('is split off, and only at the start', () => {
    expect(splitFrontMatter('---\na: 1\n---\nbody')).toEqual({ front: '\na: 1\n', body: '\nbody' })
    expect(splitFrontMatter('---\r\na: 1\r\n---\r\nbody')).toEqual({ front: '\na: 1\r\n', body: '\nbody' })
    expect(splitFrontMatter('---\n---\nbody')).toEqual({ front: '\n', body: '\nbody' })
    expect(splitFrontMatter('---\na: 1\n')).toEqual({ front: '', body: '---\na: 1\n' })
    expect(splitFrontMatter('text\n---\na: 1\n---\n')).toEqual({ front: '', body: 'text\n---\na: 1\n---\n' })
  })

  it('never runs what it holds', async () => {
    const db = memorySite({ 'a.md': '---js\nglobalThis.pwned = 1\n---\n# A' })
    await db.get(page, 'a.md')
    expect(globalThis).not.toHaveProperty('pwned')
  })

  it.each([
    ['order: first', 'Front matter: order must be a number, and it is "first".'],
    ['title: [a]', 'Front matter: title must be text.'],
    ['- a', 'Front matter must be a list of fields, like `title: Start`.'],
    ['a: [', 'at line 3, column 1'],
  ])('%s fails the page, and says why', async (front, message) => {
    const db = memorySite({ 'a.md': `---\n${front}\n---\n# A` })
    expect(await db.accumulated(diagnostics, problems, 'a.md')).toMatchObject([{ type: 'page failed', page: 'a.md', message: expect.stringContaining(message) as string }])
  })
})

describe('links', () => {
  const site = () => memorySite({
    'index.md': '# Home\n', 'guide/index.md': '# Guide\n', 'guide/a b.md': '# A\n## Part\n', 'guide/deep/c.md': '# C\n', 'img/p.png': 'f1ngerprint0',
  })

  it.each([
    ['c.md', 'c'], ['../a b.md', '../a%20b'], ['<../a b.md>', '../a%20b'], ['../a%20b#part', '../a%20b#part'], ['/guide/deep/c', 'c'], ['..', '../'],
    ['../index.md', '../'], ['/', '../../'], ['./', './'], ['/img/p.png', '../../img/p.png?v=f1ngerpr'], ['/img/p.png?x=1#y', '../../img/p.png?x=1#y'],
    ['https://example.com/a.md', 'https://example.com/a.md'], ['mailto:a@b.c', 'mailto:a@b.c'], ['//cdn/x', '//cdn/x'], ['#c', '#c'], ['?q=1', '?q=1'],
  ])('%s becomes %s', async (href, expected) => {
    const db = site()
    db.set(file, 'guide/deep/c.md', `# C\n[x](${href.includes(' ') && !href.startsWith('<') ? `<${href}>` : href})`)
    expect(await db.accumulated(diagnostics, problems, 'guide/deep/c.md')).toEqual([])
    expect(await db.get(content, 'guide/deep/c.md')).toContain(`<a href="${expected}">x</a>`)
  })

  it.each([
    ['nope.md', 'there is no guide/deep/nope.md'], ['../a%20b#gone', 'guide/a b.md has no heading #gone'], ['#gone', 'this page has no heading #gone'],
    ['../../../x.md', '../../../x.md leads out of the site'], ['/%2e%2e/x', '/%2e%2e/x leads out of the site'], ['%zz', 'there is no guide/deep/%zz'],
  ])('%s is broken, and healed by what it names', async (href, message) => {
    const db = site()
    db.set(file, 'guide/deep/c.md', `# C\n[x](${href})`)
    expect((await db.accumulated(diagnostics, problems, 'guide/deep/c.md')).map((problem) => problem.message)).toEqual([message])
    expect(await db.get(content, 'guide/deep/c.md')).toMatch(/<a href="[^"]*" title="[^"]*" class="broken">x<\/a>/)
  })

  it('a heading that comes heals the link, one that goes breaks it', async () => {
    const db = memorySite({ 'a.md': '# A\n[b](b.md#later)', 'b.md': '# B' })
    expect(await db.accumulated(diagnostics, report)).toHaveLength(1)
    db.set(file, 'b.md', '# B\n## Later')
    expect(await db.accumulated(diagnostics, report)).toEqual([])
    db.remove(file, 'b.md')
    expect(await db.accumulated(diagnostics, report)).toEqual([{ type: 'broken link', page: 'a.md', message: 'there is no b.md' }])
  })
})

describe('a failing page', () => {
  it('is a value, leaves the others alone, and heals', async () => {
    const db = memorySite({ 'a.md': '---\ntitle: [\n---\n', 'b.md': '# B\n[a](a.md)' })
    expect(await db.read((q) => show(q, '/a'))).toMatchObject({ type: 'failed', failure: { page: 'a.md', way: ['page(a.md)', 'title(a.md)', 'frontMatter(a.md)'] } })
    expect(await db.read((q) => show(q, '/b'))).toMatchObject({ type: 'page', html: expect.stringContaining('>A</a>') as string })
    db.set(file, 'a.md', '---\ntitle: Good\n---\n')
    expect(await db.read((q) => show(q, '/a'))).toMatchObject({ type: 'page' })
    expect(await db.accumulated(diagnostics, report)).toEqual([])
  })

  it('a bad template fails all pages, and removing it heals them', async () => {
    const db = memorySite({ 'a.md': '# A' })
    db.set(template, '{{ content }}{{ nope }}')
    expect((await db.accumulated(diagnostics, report)).map(({ message }) => message)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('{{ nope }}') as string))
    const error: unknown = await db.get(page, 'a.md').catch((thrown: unknown) => thrown)
    expect(queryPath(error)).toEqual(['page(a.md)', 'layout()'])
    db.set(template, 'nothing')
    expect((await db.accumulated(diagnostics, report))[0]?.message).toContain('no {{ content }}')
    db.remove(template)
    expect(await db.accumulated(diagnostics, report)).toEqual([])
  })
})

describe('ways through the site', () => {
  const files = {
    'index.md': '# Home', 'about.md': '# About', 'guide/README.md': '---\norder: 1\n---\n# Guide', 'guide/2-two.md': '# Two', 'guide/10-ten.md': '# Ten',
    'guide/first.md': '---\norder: 1\n---\n# First', 'plain/page.md': 'text',
  }

  it('sidebar: folders on the way are open, the page is marked, order before name', async () => {
    const db = memorySite(files)
    const html = await db.get(page, 'guide/2-two.md')
    const [, sidebar = ''] = /<nav id="sidebar"[^>]*>(.*)<\/nav>/.exec(html) ?? []
    expect(sidebar.replaceAll(/<\/?li>/g, '')).toBe('<ul><a href="./">Guide</a><ul><a href="first">First</a><a href="2-two" aria-current="page">Two</a><a href="10-ten">Ten</a></ul>'
      + '<a href="../about">About</a><a href="../plain/">Plain</a></ul>')
  })

  it('the pages before and after follow the sidebar', async () => {
    const db = memorySite(files)
    expect(await db.get(page, 'guide/first.md')).toMatch(/<a rel="prev" href="\.\/"><span>Previous<\/span>Guide<\/a><a rel="next" href="2-two">/)
    expect(await db.get(page, 'index.md')).not.toContain('rel="prev"')
  })

  it('a folder without a page lists what is in it', async () => {
    const db = memorySite(files)
    expect(await db.read((q) => show(q, '/plain/'))).toMatchObject({ html: expect.stringMatching(/<h1>Plain<\/h1>\s*<ul class="listing"><li><a href="page">Page<\/a>/) as string })
    expect(await memorySite({}).get(page, '')).toContain('There is no page in this folder yet.')
  })

  it('one address for each page; the others lead there', async () => {
    const db = memorySite(files)
    const seen = async (path: string) => db.read((q) => show(q, path))
    const moved = { '/guide': '/guide/', '/guide/README.md': '/guide/', '/guide/README': '/guide/', '/index': '/', '/about.md': '/about', '/plain': '/plain/' }
    for (const [from, to] of Object.entries(moved)) {
      expect(await seen(from)).toEqual({ type: 'moved', to })
    }
    expect(await seen('/nope')).toMatchObject({ type: 'missing' })
  })

  it('a static site has names of files for addresses', async () => {
    const db = memorySite(files, { static: true })
    const addresses = ['index.md', 'guide/README.md', 'guide/first.md', 'plain/'].map((key) => db.get(address, key))
    expect(addresses).toEqual(['index.html', 'guide/index.html', 'guide/first.html', 'plain/index.html'])
    expect(await db.get(page, 'guide/first.md')).toContain('<a class="home" href="../index.html">')
    db.update(settings, (old) => ({ ...old, static: false }))
    expect(await db.get(page, 'guide/first.md')).toContain('<a class="home" href="../">')
  })
})

describe('paths', () => {
  it.each([
    '/..', '/../x', '/a/../../x', '/..%2f..%2fetc/passwd', '/%2e%2e/x', '/%2e%2e%2fx', '/a\\..\\b', '/a%5c..%5cb', '/%00', '/%zz', '/%c0%ae%c0%ae/x', 'x', '',
  ])('%j is refused', (path) => {
    expect(requestedPath(path)).toBeUndefined()
  })

  it('resolve within the root, or not at all', () => {
    expect(resolvePath('a/b/', '../../x')).toBe('x')
    expect(resolvePath('a/', '../..')).toBeUndefined()
    expect(resolvePath('a/', '/../x')).toBeUndefined()
    expect(resolvePath('', '.')).toBe('')
    expect(resolvePath('a/', '..')).toBe('')
    expect(relativeUrl('a/b/', 'a/c/d:e?')).toBe('../c/d%3Ae%3F')
    expect(relativeUrl('a/', 'a/')).toBe('./')
  })
})
