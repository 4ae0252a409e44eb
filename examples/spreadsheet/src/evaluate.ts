/**
 * From a tree to a value. Everything that is there is computed on the spot; a formula waits only if something it reads must be
 * waited for. So a sheet without lookups is synchronous, and one lookup makes only those cells wait that need it.
 */
import { type Argument, functions } from './functions.js'
import { after, all, type Later } from './later.js'
import type { Operator, Tree } from './syntax.js'
import { checked, fault, isFault, toNumber, toText, toTruth, type Value } from './values.js'

/** How a formula sees the sheet. */
export interface Sheet {
  cell(id: string): Later<Value>
  /** A slow service. */
  lookup(name: string): Later<Value>
}

export function evaluate(tree: Tree, sheet: Sheet): Later<Value> {
  switch (tree.type) {
    case 'value': return tree.value
    case 'cell': return sheet.cell(tree.id)
    case 'range': return fault('#VALUE!', 'A range stands where one value is needed.')
    case 'negative': return after(evaluate(tree.of, sheet), (value) => onNumber(value, (number) => -number))
    case 'percent': return after(evaluate(tree.of, sheet), (value) => onNumber(value, (number) => number / 100))
    case 'binary': return binary(tree.operator, evaluate(tree.left, sheet), evaluate(tree.right, sheet))
    default: return call(tree.name, tree.args, sheet)
  }
}

function onNumber(value: Value, calculate: (number: number) => number): Value {
  const number = toNumber(value)
  return typeof number === 'number' ? calculate(number) : number
}

function binary(operator: Operator, left: Later<Value>, right: Later<Value>): Later<Value> {
  if (left instanceof Promise || right instanceof Promise) {
    return Promise.all([left, right]).then(([a, b]) => apply(operator, a, b))
  }
  return apply(operator, left, right)
}

function apply(operator: Operator, left: Value, right: Value): Value {
  if (isFault(left)) return left
  if (isFault(right)) return right
  switch (operator) {
    case '&': return textOf(left) + textOf(right)
    case '=': return compare(left, right) === 0
    case '<>': return compare(left, right) !== 0
    case '<': return compare(left, right) < 0
    case '<=': return compare(left, right) <= 0
    case '>': return compare(left, right) > 0
    case '>=': return compare(left, right) >= 0
    default: return arithmetic(operator, left, right)
  }
}

/** The text of what is no fault. */
function textOf(value: Value): string {
  const text = toText(value)
  return typeof text === 'string' ? text : text.fault
}

function arithmetic(operator: '+' | '-' | '*' | '/' | '^', left: Value, right: Value): Value {
  const a = toNumber(left)
  if (typeof a !== 'number') return a
  const b = toNumber(right)
  if (typeof b !== 'number') return b
  switch (operator) {
    case '+': return checked(a + b)
    case '-': return checked(a - b)
    case '*': return checked(a * b)
    case '/': return b === 0 ? fault('#DIV/0!', 'Division by zero.') : checked(a / b)
    default: return checked(a ** b)
  }
}

const RANKS = { number: 0, string: 1, boolean: 2 } as const

/** Numbers come before text, text before truth; case does not count; an empty cell is whatever it is compared with. */
function compare(left: Value, right: Value): number {
  const a = left ?? emptyLike(right)
  const b = right ?? emptyLike(left)
  const rank = RANKS[typeof a as keyof typeof RANKS] - RANKS[typeof b as keyof typeof RANKS]
  if (rank !== 0) return rank
  if (typeof a !== 'string' || typeof b !== 'string') return Number(a) - Number(b)
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  return x === y ? 0 : x < y ? -1 : 1
}

function emptyLike(value: Value): number | string | boolean {
  return typeof value === 'string' ? '' : typeof value === 'boolean' ? false : 0
}

function call(name: string, args: readonly Tree[], sheet: Sheet): Later<Value> {
  const [first, second, third] = args
  if (name === 'IF') {
    if (first === undefined || second === undefined || args.length > 3) return fault('#VALUE!', 'IF takes a condition, a value and another value.')
    return after(evaluate(first, sheet), (condition) => {
      const truth = toTruth(condition)
      if (typeof truth !== 'boolean') return truth
      // Only the branch that is taken is read, and only that one is a dependency.
      return truth ? evaluate(second, sheet) : third === undefined ? false : evaluate(third, sheet)
    })
  }
  if (name === 'IFERROR') {
    if (first === undefined || second === undefined || args.length > 2) return fault('#VALUE!', 'IFERROR takes a value and another value.')
    return after(evaluate(first, sheet), (value) => (isFault(value) ? evaluate(second, sheet) : value))
  }
  if (name === 'LOOKUP') {
    if (first === undefined || args.length > 1) return fault('#VALUE!', 'LOOKUP takes a name.')
    return after(evaluate(first, sheet), (value) => {
      const text = toText(value)
      return typeof text === 'string' ? sheet.lookup(text) : text
    })
  }
  const calculate = functions.get(name)
  if (calculate === undefined) return fault('#NAME?', `There is no function ${name}.`)
  return after(all(args.map((arg) => argument(arg, sheet))), calculate)
}

function argument(tree: Tree, sheet: Sheet): Later<Argument> {
  if (tree.type !== 'range') return after(evaluate(tree, sheet), (value) => ({ isRange: false, values: [value] }))
  const values = tree.cells.map((id) => sheet.cell(id))
  return after(all(values), (found) => ({ isRange: true, values: found }))
}
