/**
 * Brings an open page to its next state. What did not change is not touched, so the reader keeps the place, the caret and what
 * is open. Idiomorph finds out what became what, and its work grows with the square of a long list of siblings; so it is asked
 * only where that is a question. Where nodes were only edited, added or removed, the answer is at hand:
 *
 *   body ─ main ─ article ─ [ h2 p h2 p │ p │ h2 p ]      equal before │ different │ equal after
 */
import { Idiomorph } from 'idiomorph'
import { isOverlay } from './overlay.js'

export function morphPage(html: string): void {
  const next = new DOMParser().parseFromString(html, 'text/html')
  if (hasSameAttributes(document.documentElement, next.documentElement)) {
    morph(document.head, next.head)
    narrow(document.body, next.body)
  } else morph(document.documentElement, next.documentElement)
}

/** Changes an element where it is different. */
function narrow(old: Element, next: Element): void {
  const { before, now, after } = difference(old, next)
  if (!hasSameAttributes(old, next)) morph(old, next)
  else if (now.length === 0) for (const gone of before) gone.remove()
  else if (before.length === 0) for (const added of now) old.insertBefore(document.importNode(added, true), after)
  else if (before.length === now.length && before.every((child, at) => isSameKind(child, now[at]))) {
    for (const [at, child] of before.entries()) replace(child, now[at] as ChildNode)
  } else morph(old, next)
}

function replace(old: ChildNode, next: ChildNode): void {
  if (old.isEqualNode(next)) return
  if (old instanceof Element && next instanceof Element) narrow(old, next)
  else old.nodeValue = next.nodeValue
}

interface Difference {
  readonly before: readonly ChildNode[]
  readonly now: readonly ChildNode[]
  /** What comes next in the page. */
  readonly after: ChildNode | null
}

/** What is left of the children without those that are equal at both starts and at both ends. */
function difference(old: Element, next: Element): Difference {
  const before = [...old.childNodes]
  const now = [...next.childNodes]
  const shorter = Math.min(before.length, now.length)
  let start = 0
  let end = 0
  while (start < shorter && isEqual(before[start], now[start])) start++
  while (end < shorter - start && isEqual(before.at(-1 - end), now.at(-1 - end))) end++
  return { before: before.slice(start, before.length - end), now: now.slice(start, now.length - end), after: before[before.length - end] ?? null }
}

function isEqual(old: ChildNode | undefined, next: ChildNode | undefined): boolean {
  return old !== undefined && next !== undefined && old.isEqualNode(next)
}

function isSameKind(old: ChildNode, next: ChildNode | undefined): boolean {
  return old.nodeName === next?.nodeName && (old as Partial<Element>).id === (next as Partial<Element>).id
}

function hasSameAttributes(old: Element, next: Element): boolean {
  return old.attributes.length === next.attributes.length && [...old.attributes].every(({ name, value }) => next.getAttribute(name) === value)
}

function morph(old: Element, next: Element): void {
  void Idiomorph.morph(old, next, {
    restoreFocus: true,
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (one, other) => !one.isEqualNode(other),
      beforeNodeRemoved: (one) => !isOverlay(one),
      beforeAttributeUpdated: (name, element) => !(name === 'open' && element instanceof HTMLDetailsElement),
    },
  })
}
