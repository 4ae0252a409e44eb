/**
 * The template: HTML with slots, `{{ title }}`, and links from the root, `href="/style.css"`, which become relative to each
 * page and carry the fingerprint of the file they name.
 */
import { readFileSync } from 'node:fs'
import { escapeHtml } from './html.js'

/** What a template may ask for. `content` it must. */
const slots = ['title', 'site', 'description', 'content', 'sidebar', 'contents', 'neighbours'] as const

export type Slot = (typeof slots)[number]

/** A template, taken apart. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'slot'; readonly slot: Slot }
  | { readonly type: 'link'; readonly attribute: string; readonly href: string }

/** The template of a folder that brings none of its own. */
export const defaultTemplate: string = readFileSync(new URL('../assets/template.html', import.meta.url), 'utf8')

/** @throws where a slot is unknown, or `content` is missing */
export function parseTemplate(template: string): readonly Part[] {
  const parts: Part[] = []
  let from = 0
  const text = (to: number): void => {
    if (to > from) parts.push({ type: 'text', text: template.slice(from, to) })
  }
  for (const found of template.matchAll(/\{\{\s*(.*?)\s*\}\}|\b(href|src)="(\/(?!\/)[^"]*)"/g)) {
    const [whole, name, attribute, href] = found
    text(found.index)
    from = found.index + whole.length
    if (attribute !== undefined && href !== undefined) parts.push({ type: 'link', attribute, href })
    else parts.push({ type: 'slot', slot: checkSlot(name ?? '') })
  }
  text(template.length)
  if (!parts.some((part) => part.type === 'slot' && part.slot === 'content')) throw new Error('template.html has no {{ content }}: the pages would be empty.')
  return parts
}

function checkSlot(name: string): Slot {
  const slot = slots.find((known) => known === name)
  if (slot === undefined) throw new Error(`template.html asks for {{ ${name} }}, and there is only ${slots.join(', ')}.`)
  return slot
}

/** Fills a template. Text is given as HTML already. */
export function fillTemplate(parts: readonly Part[], values: Readonly<Record<Slot, string>>, link: (href: string) => string): string {
  const filled = parts.map((part) => {
    if (part.type === 'text') return part.text
    return part.type === 'slot' ? values[part.slot] : `${part.attribute}="${escapeHtml(link(part.href))}"`
  })
  return filled.join('')
}
