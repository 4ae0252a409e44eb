/**
 * Markdown in two steps. `parseMarkdown` turns text into tokens and says what the page holds: headings, links, code. The
 * queries find out what each link leads to and how each block of code looks, and `renderMarkdown` puts it together.
 */
import createMarkdownIt, { type Env, type MarkdownIt, type Token } from 'markdown-it'
import { attributes, escapeHtml } from './html.js'

export interface Heading {
  readonly level: number
  readonly text: string
  readonly id: string
}

export interface CodeBlock {
  /** The first word after the fence; empty where there is none. */
  readonly language: string
  readonly code: string
}

export interface Document {
  readonly tokens: Token[]
  readonly headings: readonly Heading[]
  /** Links and images as they are written, each once. */
  readonly links: readonly string[]
  /** In the order of the page. */
  readonly code: readonly CodeBlock[]
  /** Ids that raw HTML brings with it. */
  readonly ids: readonly string[]
}

/** What a link leads to. */
export interface Target {
  readonly href: string
  /** Why it leads nowhere. */
  readonly problem?: string
}

/** What the rules of the renderer are handed on. */
interface Context extends Env {
  readonly targets: ReadonlyMap<string, Target>
  readonly code: Iterator<string>
}

const safe = createParser(false)
const withHtml = createParser(true)

export function parseMarkdown(body: string, html: boolean): Document {
  const tokens = (html ? withHtml : safe).parse(body, {})
  const headings = readHeadings(tokens)
  const inline = tokens.flatMap((token) => token.children ?? [])
  const links = inline.flatMap((token) => {
    const link = token.type === 'link_open' ? token.attrGet('href') : token.type === 'image' ? token.attrGet('src') : null
    return link === null ? [] : [String(link)]
  })
  const code = tokens.filter(isCode).map(({ info, content }) => ({ language: info.trim().split(/\s+/)[0] ?? '', code: content }))
  const raw = [...tokens, ...inline].filter((token) => token.type.startsWith('html_'))
  const ids = raw.flatMap((token) => [...token.content.matchAll(/\bid=["']?([^\s"'>]+)/gi)].map((match) => match[1] ?? ''))
  return { tokens, headings, links: [...new Set(links)], code, ids }
}

/** The HTML of a document, given what its links lead to and its blocks of code as HTML, in their order. */
export function renderMarkdown({ tokens }: Document, targets: ReadonlyMap<string, Target>, code: readonly string[]): string {
  const context: Context = { targets, code: code.values() }
  return safe.renderer.render(tokens, safe.options, context)
}

function isCode({ type }: Token): boolean {
  return type === 'fence' || type === 'code_block'
}

function createParser(html: boolean): MarkdownIt {
  const markdown = createMarkdownIt({ html })
  const { rules } = markdown.renderer
  rules['fence'] = rules['code_block'] = (_tokens, _at, _options, env) => String((env as Context).code.next().value)
  rules['link_open'] = (tokens, at, _options, env) => `<a${linkAttributes(tokens[at], 'href', env as Context)}>`
  rules['image'] = (tokens, at, options, env, renderer) => {
    const alt = renderer.renderInlineAsText(tokens[at]?.children ?? [], options, env)
    return `<img${linkAttributes(tokens[at], 'src', env as Context, { alt, loading: 'lazy' })}>`
  }
  rules['heading_close'] = (tokens, at) => {
    const id = String(tokens[at - 2]?.attrGet('id') ?? '')
    return ` <a class="anchor" href="#${escapeHtml(encodeURIComponent(id))}" aria-label="Link to this section">#</a></${tokens[at]?.tag}>\n`
  }
  rules['table_open'] = () => '<div class="table"><table>\n'
  rules['table_close'] = () => '</table></div>\n'
  return markdown
}

function linkAttributes(token: Token | undefined, name: 'href' | 'src', { targets }: Context, more: Record<string, string> = {}): string {
  const written = String(token?.attrGet(name) ?? '')
  const { href, problem } = targets.get(written) ?? { href: written }
  const title = problem ?? token?.attrGet('title')?.toString()
  return attributes({ [name]: href, ...more, title, class: problem === undefined ? undefined : 'broken' })
}

/** Reads the headings, and gives each token its id. */
function readHeadings(tokens: readonly Token[]): Heading[] {
  const used = new Map<string, number>()
  return tokens.flatMap((token, index) => {
    if (token.type !== 'heading_open') return []
    const text = plainText(tokens[index + 1]?.children ?? [])
    const id = uniqueId(slug(text), used)
    token.attrSet('id', id)
    return [{ level: Number(token.tag.slice(1)), text, id }]
  })
}

function plainText(tokens: readonly Token[]): string {
  return tokens.map(({ type, content }) => (type === 'text' || type === 'code_inline' ? content : type === 'softbreak' ? ' ' : '')).join('')
}

/** As GitHub does it, so that links work in both places. */
function slug(text: string): string {
  return text.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-') || 'section'
}

function uniqueId(id: string, used: Map<string, number>): string {
  const count = used.get(id)
  used.set(id, (count ?? 0) + 1)
  return count === undefined ? id : uniqueId(`${id}-${count}`, used)
}
