/** What callers hand over, looked at before anything is done: a rule for each option, and one error for whatever breaks one. */
import { describeValue } from './describe.js'
import { InvalidDefinitionError } from './errors.js'

/** Whether a value is what it must be, and that in words. */
export type Rule = readonly [fits: (value: unknown) => boolean, words: string]

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

export const anObject: Rule = [isObject, 'an object']
export const aFunction: Rule = [(value) => typeof value === 'function', 'a function']
export const aFlag: Rule = [(value) => typeof value === 'boolean', 'true or false']
export const aText: Rule = [(value) => typeof value === 'string' && value !== '', 'a string that is not empty']
export const aCount: Rule = [(value) => typeof value === 'number' && value >= 0, 'a number that is not negative']
export const aTime: Rule = [(value) => typeof value === 'number' && value >= 0, 'a number of milliseconds that is not negative']

/** A whole number, or `Infinity`. */
export function aWhole(least: 0 | 1): Rule {
  return [(value) => (Number.isInteger(value) || value === Infinity) && (value as number) >= least, `a whole number ${least === 0 ? 'that is not negative' : 'that is at least 1'}`]
}

/** `a, b or c` */
function joined(words: readonly string[], last: 'and' | 'or'): string {
  return words.map((word, i) => (i === 0 ? word : `${i === words.length - 1 ? ` ${last} ` : ', '}${word}`)).join('')
}

export function oneOf(...words: readonly string[]): Rule {
  return [(value) => (words as readonly unknown[]).includes(value), joined(words.map((word) => `'${word}'`), 'or')]
}

/** An array; one that was taken back is none. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

export function aListOf(fits: (one: unknown) => boolean, words: string): Rule {
  return [(value) => isList(value) && value.every(fits), `a list of ${words}`]
}

/** An object with these methods. */
export function anObjectWith(...methods: readonly string[]): Rule {
  return [(value) => isObject(value) && hasMethods(value, methods), `an object with ${joined(methods, 'and')}`]
}

export function hasMethods(value: object, methods: readonly string[]): boolean {
  return methods.every((name) => typeof (value as { readonly [name: string]: unknown })[name] === 'function')
}

/** Something to read, watch and write; also one that stands in for it. */
export const aView: Rule = [anObjectWith('get', 'set', 'events', 'snapshot')[0], 'a database, or a snapshot of one']

/** A definition of one of these kinds. */
export function aDefinition(...kinds: readonly string[]): Rule {
  const fits = (value: unknown): boolean => isObject(value) && 'kind' in value && kinds.includes(value.kind as string) && 'name' in value && typeof value.name === 'string'
  return [fits, `a definition made by ${joined(kinds, 'or')}`]
}

export function anInstanceOf(made: abstract new (...args: never) => object, words: string): Rule {
  return [(value) => value instanceof made, words]
}

/** @throws InvalidDefinitionError for a value that breaks the rule */
export function check(what: string, value: unknown, [fits, words]: Rule): void {
  if (!fits(value)) throw new InvalidDefinitionError(`${what} must be ${words}, and it is ${describeValue(value)}.`)
}

/** Looks at each option that is there and not undefined. Others than those of the rules may be there too. @throws InvalidDefinitionError */
export function checkOptions<O extends object>(where: string, options: O, rules: { readonly [Name in keyof NoInfer<O>]?: Rule }): void {
  check(`${where}options`, options, [(value) => isObject(value) && !isList(value), 'an object'])
  for (const [name, rule] of Object.entries(rules) as [keyof O & string, Rule][]) {
    const value = options[name]
    if (value !== undefined) check(`${where}${name}`, value, rule)
  }
}
