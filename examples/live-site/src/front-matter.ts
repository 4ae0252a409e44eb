/** The YAML head of a page: split off by hand, read as plain data, checked. Nothing in it is ever executed. */
import { parse } from 'yaml'

export interface FrontMatter {
  readonly title?: string
  readonly description?: string
  /** The place among the pages of its folder; those without one come after, by name. */
  readonly order?: number
}

/** The head between two lines of `---`, and the rest. The head keeps the line numbers of the file. */
export function splitFrontMatter(source: string): { readonly front: string; readonly body: string } {
  const open = /^---[ \t]*\r?\n/.exec(source)
  const close = /^---[ \t]*\r?$/gm
  close.lastIndex = open?.[0].length ?? 0
  const end = open === null ? null : close.exec(source)
  if (open === null || end === null) return { front: '', body: source }
  return { front: `\n${source.slice(open[0].length, end.index)}`, body: source.slice(close.lastIndex) }
}

/** @throws where it is no YAML, or a field has the wrong type */
export function readFrontMatter(front: string): FrontMatter {
  const data: unknown = parse(front) ?? {}
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new TypeError('Front matter must be a list of fields, like `title: Start`.')
  const { title, description, order } = data as Record<string, unknown>
  return { ...text('title', title), ...text('description', description), ...number('order', order) }
}

function text(name: string, value: unknown): Record<string, string> {
  if (value == null) return {}
  if (typeof value === 'string' || typeof value === 'number') return { [name]: String(value) }
  throw new TypeError(`Front matter: ${name} must be text.`)
}

function number(name: string, value: unknown): Record<string, number> {
  if (value == null) return {}
  if (typeof value === 'number' && Number.isFinite(value)) return { [name]: value }
  throw new TypeError(`Front matter: ${name} must be a number, and it is ${JSON.stringify(value)}.`)
}
