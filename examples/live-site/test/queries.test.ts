/** What an edit reaches, counted by events. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { generatePages, pathOf } from '../src/generate.js'
import { file, settings, template } from '../src/inputs.js'
import { diagnostics, page, pages, problems, report } from '../src/queries.js'
import { memorySite } from './support/memory.js'

const code = '```ts\nconst a = 1\n```\n'

const three = {
  'index.md': '# Home\n\nTo [one](guide/one.md).\n',
  'guide/one.md': `---\ntitle: One\n---\nSome text, and [two](two.md#more).\n\n${code}`,
  'guide/two.md': `# Two\n\n## More\n\n${code}`,
}

/** Runs by name, for those that are many. */
function countRuns(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const line of lines) {
    const name = /^run (\w+)\(/.exec(line)?.[1]
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('an edit runs what it reaches', () => {
  it('the text of one page: only its own queries, and nothing that reads its headings or title', async () => {
    const db = memorySite(three)
    await db.get(report)
    const log = record(db)
    db.update(file, 'guide/one.md', (text) => text.replace('Some text', 'Other text'))
    await db.get(report)
    expect(log.take()).toMatchInlineSnapshot(`
      [
        "run frontText(guide/one.md)",
        "same frontText(guide/one.md)",
        "run bodyText(guide/one.md)",
        "run markdown(guide/one.md)",
        "run content(guide/one.md)",
        "run targets(guide/one.md)",
        "same targets(guide/one.md)",
        "run page(guide/one.md)",
        "run headings(guide/one.md)",
        "same headings(guide/one.md)",
        "run problems(guide/one.md)",
        "same problems(guide/one.md)",
        "run isPage(guide/one.md)",
        "same isPage(guide/one.md)",
      ]
    `)
    expect(await db.get(page, 'guide/one.md')).toContain('Other text')
  })

  it('nothing where the text is the same', async () => {
    const db = memorySite(three)
    await db.get(report)
    const { revision } = db
    db.set(file, 'index.md', three['index.md'])
    expect(db.revision).toBe(revision)
  })

  it('a block of code that moves is not coloured again', async () => {
    const db = memorySite(three)
    await db.get(report)
    const log = record(db)
    db.update(file, 'guide/two.md', (text) => text.replace('# Two', `# Two\n\n${code}`))
    await db.get(report)
    expect(countRuns(log.take())).not.toHaveProperty('highlighted')
    db.update(file, 'guide/two.md', (text) => text.replace('const a', 'const b'))
    await db.get(report)
    expect(countRuns(log.take())).toMatchObject({ highlighted: 1 })
  })

  it('a title: the pages that show it, and no other page is parsed', async () => {
    const db = memorySite({ ...three, 'other/far.md': '# Far\n' })
    await db.get(report)
    const log = record(db)
    db.update(file, 'guide/one.md', (text) => text.replace('title: One', 'title: First'))
    await db.get(report)
    const lines = log.take()
    expect(countRuns(lines)).not.toHaveProperty('markdown')
    expect(lines.filter((line) => line.startsWith('run page(')).toSorted()).toEqual([
      'run page(guide/)', 'run page(guide/one.md)', 'run page(guide/two.md)',
    ])
    expect(await db.get(page, 'guide/two.md')).toContain('>First</a>')
  })

  it('the template: every page is rendered again, none is parsed', async () => {
    const db = memorySite(three)
    await db.get(report)
    const log = record(db)
    db.set(template, '<body class="new">{{ content }}</body>')
    await db.get(report)
    expect(countRuns(log.take())).toEqual({ layout: 1, page: 4, problems: 4 })
    expect(await db.get(page, 'index.md')).toMatch(/^<body class="new"><h1 id="home">/)
    db.remove(template)
    expect(await db.get(page, 'index.md')).toContain('<!doctype html>')
  })

  it('a new page: the lists it stands in, and the link that waited for it', async () => {
    const db = memorySite({ 'index.md': '[new](new.md)', 'a/b.md': '# B' })
    expect(await db.accumulated(diagnostics, problems, 'index.md')).toEqual([{ type: 'broken link', page: 'index.md', message: 'there is no new.md' }])
    db.set(file, 'new.md', '# New')
    expect(await db.accumulated(diagnostics, report)).toEqual([])
    expect(await db.get(page, 'index.md')).toContain('<a href="new">new</a>')
    expect(await db.get(page, 'a/b.md')).toContain('<a href="../new">New</a>')
  })

  it('raw HTML allowed: all pages are parsed again', async () => {
    const db = memorySite({ 'index.md': '<b id="x">bold</b> [there](#x)' })
    expect(await db.get(page, 'index.md')).toContain('&lt;b id=&quot;x&quot;&gt;')
    db.set(settings, { name: 'Test', html: true, static: false })
    expect(await db.get(page, 'index.md')).toContain('<b id="x">bold</b>')
    expect(await db.accumulated(diagnostics, report)).toEqual([])
  })
})

describe('5 000 pages', () => {
  const site = (): ReturnType<typeof memorySite> => memorySite(Object.fromEntries([...generatePages(5000)].map(([path, text]) => [path, text.replace(/```\w+/, '```')])))

  it('an edit to one page runs only that page\'s queries; one to the template renders all and parses none', async () => {
    const db = site()
    expect(await db.accumulated(diagnostics, report)).toEqual([])
    const count = db.get(pages).length
    expect(count).toBeGreaterThanOrEqual(5000)
    const log = record(db)
    const path = pathOf(1234)
    db.update(file, path, (text) => text.replace('Lorem', 'Dolor'))
    expect(await db.get(page, path)).toContain('Dolor')
    await db.get(report)
    const lines = log.take().filter((line) => line.startsWith('run '))
    expect(lines.filter((line) => !line.includes(`(${path}`))).toEqual([])
    expect(lines.length).toBeLessThan(15)
    db.set(template, '<title>{{ title }}</title>{{ content }}')
    await db.get(report)
    expect(countRuns(log.take())).toEqual({ layout: 1, page: count, problems: count })
  })
})
