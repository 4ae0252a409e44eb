/** What callers ask for, looked at before anything is done: a policy that is misspelt would be another policy. */
import { aFlag, aListOf, check, checkOptions as checkAll, oneOf, type Rule } from '../core/check.js'
import { checkCodecs } from './tags.js'

/** Of which kind they are, the database looks. */
const definitions = aListOf((one) => typeof one === 'object' && one !== null, 'definitions')

const rules = {
  onCorrupt: oneOf('error', 'ignore', 'delete'),
  onMismatch: oneOf('error', 'drop'),
  onUnsupported: oneOf('error', 'omit'),
  recovery: oneOf('recover', 'strict'),
  maxBytes: [(value: unknown) => typeof value === 'number' && value >= 0, 'a number of bytes, not below 0'],
  compactAt: [(value: unknown) => typeof value === 'number' && value > 0, 'a number of bytes above 0'],
  prune: aFlag,
  durable: aFlag,
  saveOnClose: aFlag,
  definitions,
} as const satisfies { readonly [name: string]: Rule }

interface Options {
  readonly definitions?: unknown
  readonly codecs?: unknown
}

/** @throws InvalidDefinitionError */
export function checkOptions(options: Options): void {
  checkAll<Options & { readonly [Name in keyof typeof rules]?: unknown }>('', options, rules)
  if (options.codecs !== undefined) checkCodecs(options.codecs)
}

/** @throws InvalidDefinitionError, also where no definitions are given */
export function checkOpenOptions(options: Options): void {
  checkOptions(options)
  check('openDatabase: definitions, all that is written or whose results are kept,', options.definitions, definitions)
}
