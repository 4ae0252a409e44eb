/** What callers ask for, looked at before anything is done: a policy that is misspelt would be another policy. */
import { InvalidDefinitionError } from '../index.js'

const policies = {
  onCorrupt: ['error', 'ignore', 'delete'],
  onMismatch: ['error', 'drop'],
  onUnsupported: ['error', 'omit'],
  recovery: ['recover', 'strict'],
} as const

type Policies = { readonly [Name in keyof typeof policies]?: unknown }

/** @throws InvalidDefinitionError */
export function checkOptions(options: Policies & { readonly maxBytes?: unknown; readonly compactAt?: unknown }): void {
  for (const [name, known] of Object.entries(policies)) {
    const asked = options[name as keyof Policies]
    if (asked !== undefined && !(known as readonly unknown[]).includes(asked)) throw new InvalidDefinitionError(`${name} must be ${known.map((one) => `'${one}'`).join(' or ')}.`)
  }
  const { maxBytes, compactAt } = options
  if (maxBytes !== undefined && !(typeof maxBytes === 'number' && maxBytes >= 0)) throw new InvalidDefinitionError('maxBytes must be a number of bytes, not below 0.')
  if (compactAt !== undefined && !(typeof compactAt === 'number' && compactAt > 0)) throw new InvalidDefinitionError('compactAt must be a number of bytes above 0.')
}
