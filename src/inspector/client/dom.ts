/** Making elements. Texts go in as texts, so that nothing a database holds can become markup. */

type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>
type Child = Node | string | null | undefined | false

/** An element with attributes (`onclick` and the like are listeners, `true` is an empty attribute) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  add(element, children)
  return element
}

function add(parent: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) parent.append(child)
}

/** Puts other children in the place of those there are. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren()
  add(parent, children)
}

/** A text of bounded length: its start and its end, which is where keys differ. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  const head = Math.ceil((limit - 1) * 0.55)
  return `${text.slice(0, head)}…${text.slice(text.length - (limit - 1 - head))}`
}
