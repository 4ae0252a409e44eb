/** Links between the pages of this repository lead somewhere, and the guide is one row of pages, each of which names the next. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { anchorsOf, linksOf } from './support/links.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const inFolder = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((name) => name.endsWith('.md'))
const docs = inFolder('docs').toSorted()
const examples = readdirSync(join(root, 'examples')).map((name) => join('examples', name, 'README.md')).filter((name) => existsSync(join(root, name)))
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs, ...examples]

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

/** Links that lead nowhere, given what there is. */
function brokenLinks(page: string, text: string, exists: (path: string) => boolean, read: (path: string) => string): string[] {
  return linksOf(text).flatMap(({ line, target }) => {
    const [path = '', anchor] = target.split('#').map(decodeURIComponent)
    const place = path === '' ? page : normalize(join(dirname(page), path))
    const isThere = target !== '' && !place.startsWith('..') && exists(place)
    const isFound = isThere && (anchor === undefined || anchorsOf(place === page ? text : read(place)).has(anchor))
    return isFound ? [] : [`${page}:${line} ${target}`]
  })
}

const guide = docs.filter((page) => dirname(page) === 'docs/guide').toSorted((a, b) => Number.parseInt(basename(a), 10) - Number.parseInt(basename(b), 10))

describe('links', () => {
  it('lead to files and headings that are there', () => {
    expect(pages.flatMap((page) => brokenLinks(page, textOf(page), (path) => existsSync(join(root, path)), textOf))).toEqual([])
  })

  it('docs/index.md leads to every page', () => {
    const linked = new Set(linksOf(textOf('docs/index.md')).map(({ target }) => join('docs', target)))
    expect(docs.filter((page) => page !== 'docs/index.md' && !linked.has(page))).toEqual([])
  })
})

describe('the guide', () => {
  it('is numbered from 1 on', () => {
    expect(guide.map((page) => Number.parseInt(basename(page), 10))).toEqual(guide.map((_, index) => index + 1))
  })

  it('each page ends with a link to the next', () => {
    const next = guide.map((page) => /^Next: \[[^\]]+\]\(([^)]+)\)/m.exec(textOf(page).trimEnd().split('\n').at(-1) ?? '')?.[1])
    expect(next).toEqual([...guide.slice(1).map((page) => basename(page)), undefined])
  })

  it('each page has a title, which is its heading', () => {
    expect(guide.filter((page) => !/^---\ntitle: (.+)\n---\n# \1\n/.test(textOf(page)))).toEqual([])
  })
})

describe('the check itself', () => {
  const files: Record<string, string> = {
    'docs/a.md': '# A\n[b](b.md) [there](b.md#the-house-and-q) [again](b.md#twice-1) [self](#a) [out](https://example.org/x) `[code](no.md)`\n```md\n[no](no.md)\n# Nor this\n```\n![i](i.png)',
    'docs/b.md': '# The house, and `q`\n## Twice\n## Twice\n[gone](gone.md) [no heading](a.md#nor-this) [above](../../a.md) [nothing]()',
    'docs/i.png': '',
  }

  it('finds links to files and headings that are missing, and no others', () => {
    const broken = (page: string): string[] => brokenLinks(page, files[page] ?? '', (path) => path in files, (path) => files[path] ?? '')
    expect(broken('docs/a.md')).toEqual([])
    expect(broken('docs/b.md')).toEqual(['docs/b.md:4 gone.md', 'docs/b.md:4 a.md#nor-this', 'docs/b.md:4 ../../a.md', 'docs/b.md:4 '])
  })
})
