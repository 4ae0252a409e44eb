/** The ways through the site as HTML: sidebar, contents of a page, the pages before and after. */
import { attributes, escapeHtml } from './html.js'
import type { Heading } from './markdown.js'

export interface Link {
  readonly href: string
  readonly label: string
}

export interface Item extends Link {
  /** What stands below a folder that is open. */
  readonly children?: readonly Item[]
}

/** A sidebar longer than this helps nobody, and it stands on every page. */
export const longestList = 200

export function sidebarHtml(items: readonly Item[]): string {
  const shown = items.slice(0, longestList).map(({ href, label, children }) => {
    const below = children === undefined ? '' : sidebarHtml(children)
    return `<li><a${attributes({ href })}>${escapeHtml(label)}</a>${below}</li>`
  })
  const rest = items.length > longestList ? `<li class="rest">and ${items.length - longestList} more</li>` : ''
  return `<ul>${shown.join('')}${rest}</ul>`
}

/** Marks the link to the page itself. */
export function markCurrent(html: string, href: string): string {
  const link = `<a${attributes({ href })}`
  return html.replace(`${link}>`, () => `${link} aria-current="page">`)
}

/** The headings of the second and third level, where a list of them is worth its place. */
export function contentsHtml(headings: readonly Heading[]): string {
  const listed = headings.filter(({ level }) => level === 2 || level === 3)
  if (listed.length < 2) return ''
  const items = listed.map(({ level, id, text }) => `<li class="level-${level}"><a${attributes({ href: `#${encodeURIComponent(id)}` })}>${escapeHtml(text)}</a></li>`)
  return `<nav class="contents" aria-label="On this page"><p>On this page</p><ul>${items.join('')}</ul></nav>`
}

export function neighboursHtml(previous: Link | undefined, next: Link | undefined): string {
  if (previous === undefined && next === undefined) return ''
  const one = (link: Link | undefined, rel: string, name: string): string =>
    link === undefined ? '' : `<a${attributes({ rel, href: link.href })}><span>${name}</span>${escapeHtml(link.label)}</a>`
  return `<nav class="neighbours" aria-label="Pages before and after">${one(previous, 'prev', 'Previous')}${one(next, 'next', 'Next')}</nav>`
}

/** The page of a folder that has no page of its own. */
export function listingHtml(title: string, links: readonly Link[]): string {
  const items = links.map(({ href, label }) => `<li><a${attributes({ href })}>${escapeHtml(label)}</a></li>`)
  const list = items.length === 0 ? '<p>There is no page in this folder yet.</p>' : `<ul class="listing">${items.join('')}</ul>`
  return `<h1>${escapeHtml(title)}</h1>\n${list}\n`
}
