/**
 * The site as queries: each says what it is made of, and the engine finds out what an edit reaches.
 *
 *   file ─┬─ frontText ─ frontMatter ─ title ─ entry ─ folder ─┬─ sidebar ────────────┐
 *         │                                                    └─ sequence ─ nearby ──┤
 *         └─ bodyText ─ markdown ─┬─ headings ─ anchors ─ target ─ targets ─┬─ content ─ page ─ problems ─ report
 *                                 └─ highlighted ───────────────────────────┘         │
 *   template ─ layout ────────────────────────────────────────────────────────────────┘
 *
 * `targets` and `problems` emit what is wrong, and `accumulated(diagnostics, report)` gathers it.
 *
 * All of them are functions of the inputs alone, so a failure stays until something that was read changes.
 */
import { setImmediate } from 'node:timers/promises'
import { accumulator, type Definition, derived, type Query } from 'pebre'
import { edition } from './edition.js'
import { readFrontMatter, splitFrontMatter } from './front-matter.js'
import { highlight } from './highlight.js'
import { escapeHtml } from './html.js'
import { asset, file, settings, template } from './inputs.js'
import { type Document, parseMarkdown, renderMarkdown, type Target } from './markdown.js'
import { contentsHtml, type Item, type Link, listingHtml, markCurrent, neighboursHtml, sidebarHtml } from './navigation.js'
import { fillTemplate, parseTemplate } from './template.js'
import { type Entry, growTree, sortEntries } from './tree.js'
import { folderOf, isFolder, labelOf, parseHref, relativeUrl, reserved, resolvePath } from './urls.js'

/** Results that were kept by another edition of this program are made anew. */
const pure = { errors: 'dependencies', version: edition } as const

// ── One file ─────────────────────────────────────────────────────────────────────────────────────────────────────

export const frontText = derived('frontText', (q, path: string) => splitFrontMatter(q.get(file, path)).front, pure)
export const bodyText = derived('bodyText', (q, path: string) => splitFrontMatter(q.get(file, path)).body, pure)

export const frontMatter = derived('frontMatter', (q, path: string) => readFrontMatter(q.get(frontText, path)), pure)

/** Its tokens are not compared, since another text gives other tokens; what others read from it is. Nor are they kept: they are large, and made at once. */
export const markdown = derived('markdown', (q, path: string): Document => parseMarkdown(q.get(bodyText, path), q.get(settings).html), { ...pure, equals: false, persist: false })

export const headings = derived('headings', (q, path: string) => q.get(markdown, path).headings, pure)

/** What a link to the page may name after its `#`. */
export const anchors = derived('anchors', (q, path: string) => [...q.get(headings, path).map(({ id }) => id), ...q.get(markdown, path).ids], pure)

export const title = derived('title', (q, path: string): string => {
  const given = q.get(frontMatter, path).title
  return given ?? q.get(headings, path).find(({ level }) => level === 1)?.text ?? labelOf(path)
}, pure)

/** One block of code in colours. The same block is the same cell wherever it stands, so moving it costs nothing. */
export const highlighted = derived('highlighted', async (_q, language: string, code: string) => highlight(language, code), pure)

// ── The folder ───────────────────────────────────────────────────────────────────────────────────────────────────

const tree = derived('tree', (q) => growTree(q.keys(file)), { ...pure, equals: false })

const children = derived('children', (q, folder: string) => q.get(tree).get(folder), pure)

/** Whether there is such a file. Those who ask do not care what it says. */
const isPage = derived('isPage', (q, path: string) => q.has(file, path), pure)

/** The page of a folder itself. Without one, the folder is a page that lists what is in it. */
const indexOf = derived('indexOf', (q, folder: string) => ['index.md', 'README.md'].map((name) => folder + name).find((path) => q.get(isPage, path)), pure)

/** A page as it stands in lists. It never fails, or one bad page would take all the others with it. */
export const entry = derived('entry', (q, key: string): Entry => {
  const path = isFolder(key) ? q.get(indexOf, key) : key
  const label = key === '' ? q.get(settings).name : labelOf(key)
  if (path === undefined) return { key, label, order: Infinity }
  try {
    return { key, label: q.get(title, path), order: q.get(frontMatter, path).order ?? Infinity }
  } catch {
    return { key, label, order: Infinity }
  }
}, pure)

/** What stands in a folder, in the order of the site; its index is the folder itself. */
const folder = derived('folder', (q, key: string): readonly Entry[] => {
  const { pages = [], folders = [] } = q.get(children, key) ?? {}
  const index = q.get(indexOf, key)
  return sortEntries([...pages.filter((path) => path !== index), ...folders].map((child) => q.get(entry, child)))
}, pure)

/** All pages, one after the other as one would read them. */
const sequence = derived('sequence', (q) => {
  const walk = (key: string): string[] => [q.get(indexOf, key) ?? key, ...q.get(folder, key).flatMap((child) => (isFolder(child.key) ? walk(child.key) : [child.key]))]
  return walk('')
}, pure)

/** The pages before and after a page. */
const nearby = derived('nearby', (q, key: string) => {
  const all = q.get(sequence)
  const at = all.indexOf(key)
  return { previous: all[at - 1], next: at < 0 ? undefined : all[at + 1] }
}, pure)

/** Every page there is. */
export const pages = derived('pages', (q): readonly string[] => q.get(sequence).toSorted(), pure)

// ── Links ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where a page is found, relative to the root. */
export const address = derived('address', (q, key: string) => {
  const at = folderOf(key)
  if (key === at || key === q.get(indexOf, at)) return q.get(settings).static ? `${at}index.html` : at
  return key.replace(/\.md$/, q.get(settings).static ? '.html' : '')
}, pure)

/** The page that a path means, be it written as a file, as an address, or as a folder. */
export function findPage(q: Pick<Query, 'get'>, path: string): string | undefined {
  if (!isFolder(path)) {
    const named = [path, `${path}.md`].find((name) => name.endsWith('.md') && q.get(isPage, name))
    if (named !== undefined) return named
  }
  const key = isFolder(path) ? path : `${path}/`
  return q.get(children, key) === undefined ? undefined : (q.get(indexOf, key) ?? key)
}

/** What a link leads to, seen from a folder. */
const target = derived('target', (q, from: string, href: string): Target => {
  const parts = parseHref(href)
  if (parts === undefined) return { href }
  const path = resolvePath(from, parts.path)
  if (path === undefined) return { href, problem: `${href} leads out of the site` }
  const hash = parts.hash === '' ? '' : `#${encodeURIComponent(parts.hash)}`
  if (path.startsWith(reserved)) return { href: relativeUrl(from, path) }
  const key = findPage(q, path)
  if (key !== undefined) {
    const link = relativeUrl(from, q.get(address, key)) + parts.query + hash
    const found = hash === '' || (!isFolder(key) && q.get(anchors, key).includes(parts.hash))
    return found ? { href: link } : { href: link, problem: `${key} has no heading #${parts.hash}` }
  }
  const print = q.get(asset, path)
  if (print === undefined) return { href, problem: `there is no ${path}` }
  return { href: relativeUrl(from, path) + (parts.query || `?v=${print.slice(0, 8)}`) + hash }
}, pure)

export interface Problem {
  readonly type: 'page failed' | 'broken link'
  readonly page: string
  readonly message: string
}

/** What is wrong with the site, said by the query that comes upon it: nobody has to pass it on. */
export const diagnostics = accumulator<Problem>('diagnostics')

/** What each link of a page leads to, by the text of the link. */
export const targets = derived('targets', (q, path: string): readonly (readonly [href: string, target: Target])[] => {
  const within = (href: string): Target => {
    const id = parseHref(href)?.hash ?? ''
    return id === '' || q.get(anchors, path).includes(id) ? { href } : { href, problem: `this page has no heading #${id}` }
  }
  const found = q.get(markdown, path).links.map((href) => [href, /^[#?]/.test(href) ? within(href) : q.get(target, folderOf(path), href)] as const)
  for (const [, { problem }] of found) if (problem !== undefined) q.emit(diagnostics, { type: 'broken link', page: path, message: problem })
  return found
}, pure)

// ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────

const layout = derived('layout', (q) => parseTemplate(q.get(template)), pure)

function linkTo(q: Query, from: string, key: string): Link {
  return { href: relativeUrl(from, q.get(address, key)), label: q.get(entry, key).label }
}

/** The sidebar of all pages in one folder: the folders on the way to it are open. */
const sidebar = derived('sidebar', (q, from: string) => {
  const items = (key: string): Item[] => q.get(folder, key).map((child) => ({
    ...linkTo(q, from, child.key),
    ...(isFolder(child.key) && from.startsWith(child.key) ? { children: items(child.key) } : {}),
  }))
  return sidebarHtml(items(''))
}, pure)

/** What a page says, without its frame. */
export const content = derived('content', async (q, key: string): Promise<string> => {
  if (isFolder(key)) return listingHtml(q.get(entry, key).label, q.get(folder, key).map((child) => linkTo(q, key, child.key)))
  const document = q.get(markdown, key)
  const code = await Promise.all(document.code.map((block) => q.get(highlighted, block.language, block.code)))
  const heading = document.headings.some(({ level }) => level === 1) ? '' : `<h1>${escapeHtml(q.get(title, key))}</h1>\n`
  return heading + renderMarkdown(document, new Map(q.get(targets, key)), code)
}, pure)

/** The whole HTML of a page. It fails where its front matter or the template does. */
export const page = derived('page', async (q, key: string): Promise<string> => {
  const from = folderOf(key)
  const [name, description = ''] = isFolder(key) ? [q.get(entry, key).label] : [q.get(title, key), q.get(frontMatter, key).description]
  const { previous, next } = q.get(nearby, key)
  const site = q.get(entry, '').label
  const beside = (other: string | undefined): Link | undefined => (other === undefined ? undefined : linkTo(q, from, other))
  return fillTemplate(q.get(layout), {
    title: escapeHtml(name === site ? site : `${name} · ${site}`),
    site: escapeHtml(site),
    description: escapeHtml(description),
    content: await q.get(content, key),
    sidebar: markCurrent(q.get(sidebar, from), relativeUrl(from, q.get(address, key))),
    contents: contentsHtml(isFolder(key) ? [] : q.get(headings, key)),
    neighbours: neighboursHtml(beside(previous), beside(next)),
  }, (href) => q.get(target, from, href).href)
}, pure)

// ── What is wrong ────────────────────────────────────────────────────────────────────────────────────────────────

/** Builds a page. A failure is a diagnostic, and no failure of whoever asks. */
export const problems = derived('problems', async (q, key: string): Promise<void> => {
  try {
    await q.get(page, key)
  } catch (error) {
    q.emit(diagnostics, { type: 'page failed', page: key, message: error instanceof Error ? error.message : String(error) })
  }
}, pure)

/** Builds the site: `accumulated(diagnostics, report)` says what is wrong with it. Whoever follows it keeps every page built. */
export const report = derived('report', async (q): Promise<void> => {
  for (const [index, key] of q.get(pages).entries()) {
    await q.get(problems, key)
    if (index % 20 === 19) await setImmediate()
  }
}, pure)

/** Everything that is kept from one start to the next. */
export const definitions: readonly Definition[] = [
  file, asset, template, settings, frontText, bodyText, frontMatter, markdown, headings, anchors, title, highlighted, tree, children, isPage, indexOf, entry, folder,
  sequence, nearby, pages, address, target, targets, layout, sidebar, content, page, problems, report,
]
