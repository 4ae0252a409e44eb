/**
 * From the text of a cell to a tree. A recursive-descent parser, one function for each level of precedence:
 *
 *   comparison ─> joined (&) ─> sum (+ −) ─> product (* /) ─> signed (−) ─> power (^) ─> percent (%) ─> atom
 *
 * It never throws: text that is no formula becomes a fault, which the cell shows.
 */
import { cellsBetween, placeOf } from './address.js'
import { fault, type Fault } from './values.js'

export type Operator = '+' | '-' | '*' | '/' | '^' | '&' | '=' | '<>' | '<' | '<=' | '>' | '>='

export type Tree =
  | { readonly type: 'value'; readonly value: number | string | boolean | null | Fault }
  | { readonly type: 'cell'; readonly id: string }
  | { readonly type: 'range'; readonly cells: readonly string[] }
  | { readonly type: 'negative' | 'percent'; readonly of: Tree }
  | { readonly type: 'binary'; readonly operator: Operator; readonly left: Tree; readonly right: Tree }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Tree[] }

/** Thrown inside the parser only. */
class SyntaxFault extends Error {}

/** Bounds of a formula, so that neither reading nor evaluating it runs out of stack. */
const NESTING = 100
const LENGTH = 2000
const token = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|("(?:[^"]|"")*")|(\$?[A-Za-z]\$?\d+|[A-Za-z_][A-Za-z_0-9.]*)|(<>|<=|>=|[-+*/^&=<>(),:%]))/y

/** What a cell holds: a formula after `=`, text after `'`, else a number, TRUE, FALSE or text. */
export function parse(text: string): Tree {
  if (text === '') return { type: 'value', value: null }
  if (text.startsWith("'")) return { type: 'value', value: text.slice(1) }
  if (!text.startsWith('=')) return { type: 'value', value: plainValue(text) }
  try {
    return new Parser(text).formula()
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error
    return { type: 'value', value: fault('#SYNTAX!', error.message) }
  }
}

function plainValue(text: string): number | string | boolean {
  const trimmed = text.trim()
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed)) return Number(trimmed)
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true'
  return text
}

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 1
  while (text.slice(at).trim() !== '') {
    token.lastIndex = at
    const found = token.exec(text)
    if (found === null) throw new SyntaxFault(`"${text.slice(at).trim().slice(0, 10)}" cannot be read (character ${at + 1}).`)
    const kind = found[1] !== undefined ? 'number' : found[2] !== undefined ? 'text' : found[3] !== undefined ? 'name' : 'sign'
    if (tokens.length === LENGTH) throw new SyntaxFault(`The formula has more than ${LENGTH} parts.`)
    const part = found[0].trim()
    at = token.lastIndex
    tokens.push({ kind, text: part, at: at - part.length })
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}

class Parser {
  private readonly tokens: Token[]
  private index = 0
  private depth = 0

  constructor(text: string) {
    this.tokens = tokensOf(text)
  }

  formula(): Tree {
    const tree = this.comparison()
    if (this.next.kind !== 'end') this.refuse()
    return tree
  }

  private get next(): Token {
    return this.tokens[this.index] as Token
  }

  private take(): Token {
    return this.tokens[this.index++] as Token
  }

  private accepts(sign: string): boolean {
    if (this.next.kind !== 'sign' || this.next.text !== sign) return false
    this.index++
    return true
  }

  private expect(sign: string): void {
    if (!this.accepts(sign)) this.refuse(`"${sign}" is missing`)
  }

  private refuse(what?: string): never {
    const { kind, text, at } = this.next
    if (kind === 'end') throw new SyntaxFault(`${what ?? 'Something is missing'} at the end.`)
    throw new SyntaxFault(`${what ?? `"${text}" does not belong here`} (character ${at + 1}).`)
  }

  private comparison(): Tree {
    return this.nested(() => this.chain(['=', '<>', '<', '<=', '>', '>='], () => this.joined()))
  }

  private nested(read: () => Tree): Tree {
    if (++this.depth > NESTING) throw new SyntaxFault(`The formula is nested more than ${NESTING} deep.`)
    const tree = read()
    this.depth--
    return tree
  }

  private joined(): Tree {
    return this.chain(['&'], () => this.sum())
  }

  private sum(): Tree {
    return this.chain(['+', '-'], () => this.product())
  }

  private product(): Tree {
    return this.chain(['*', '/'], () => this.signed())
  }

  /** Operators of one precedence, from left to right. */
  private chain(operators: readonly Operator[], operand: () => Tree): Tree {
    let left = operand()
    for (;;) {
      const operator = operators.find((sign) => this.accepts(sign))
      if (operator === undefined) return left
      left = { type: 'binary', operator, left, right: operand() }
    }
  }

  private signed(): Tree {
    let isNegative = false
    for (;;) {
      if (this.accepts('-')) isNegative = !isNegative
      else if (!this.accepts('+')) break
    }
    const tree = this.power()
    return isNegative ? { type: 'negative', of: tree } : tree
  }

  private power(): Tree {
    const left = this.percent()
    return this.accepts('^') ? { type: 'binary', operator: '^', left, right: this.nested(() => this.signed()) } : left
  }

  private percent(): Tree {
    let tree = this.atom()
    while (this.accepts('%')) tree = { type: 'percent', of: tree }
    return tree
  }

  private atom(): Tree {
    if (this.accepts('(')) {
      const tree = this.comparison()
      this.expect(')')
      return tree
    }
    const { kind, text } = this.next
    if (kind === 'number') return { type: 'value', value: Number(this.take().text) }
    if (kind === 'text') return { type: 'value', value: this.take().text.slice(1, -1).replaceAll('""', '"') }
    if (kind !== 'name') this.refuse()
    this.take()
    if (this.accepts('(')) return { type: 'call', name: text.toUpperCase(), args: this.args() }
    if (/^(true|false)$/i.test(text)) return { type: 'value', value: text.toLowerCase() === 'true' }
    return this.reference(text)
  }

  private args(): Tree[] {
    const args: Tree[] = []
    if (this.accepts(')')) return args
    do args.push(this.comparison())
    while (this.accepts(','))
    this.expect(')')
    return args
  }

  private reference(name: string): Tree {
    const from = placeOf(name)
    if (from === undefined) return { type: 'value', value: unknownName(name) }
    if (!this.accepts(':')) return { type: 'cell', id: name.replaceAll('$', '').toUpperCase() }
    if (this.next.kind !== 'name') this.refuse()
    const second = this.take()
    const to = placeOf(second.text)
    if (to === undefined) return { type: 'value', value: unknownName(second.text) }
    return { type: 'range', cells: cellsBetween(from, to) }
  }
}

function unknownName(name: string): Fault {
  return /^\$?[A-Za-z]\$?\d+$/.test(name) ? fault('#REF!', `There is no cell ${name}.`) : fault('#NAME?', `Nothing is named "${name}".`)
}
