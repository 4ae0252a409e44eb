/** Keys for others: layers above the core that keep books of their own by record. */
import { check, type Rule } from './check.js'
import { encodeArgs } from './key.js'

const aNamed: Rule = [(value) => typeof (value as { readonly name?: unknown } | null | undefined)?.name === 'string', 'a definition']

/**
 * A text for one record: two calls give the same text exactly if they name the same record of a database. For books kept beside a
 * database, such as a table of what is on screen. Takes time linear in the size of the arguments.
 *
 * ```ts
 * keyText(words, 'a.md') === keyText(words, 'a.md', undefined) // trailing undefined is no part of a key
 * ```
 * @throws `InvalidKeyError`, `InvalidDefinitionError`
 */
export function keyText(definition: { readonly name: string }, ...args: readonly unknown[]): string {
  check('The first argument of keyText', definition, aNamed)
  let end = args.length
  while (end > 0 && args[end - 1] === undefined) end--
  return encodeArgs(definition.name, [definition.name, ...args.slice(0, end)])
}
