/** The checks that run inside an example of the documentation; see fences.ts. */
import { isCollection } from 'immutable'
import { format, inspect } from 'node:util'

export interface Checks {
  /** The value of an expression. */
  shown(value: unknown, expected: string, where: string): void
  /** The last line printed. */
  logged(expected: string, where: string): void
  /** All that was printed since the last check of this kind. */
  printed(expected: string, where: string): void
  /** What a statement throws: the start of its text. */
  threw(run: () => Promise<void>, expected: string, where: string): Promise<void>
}

export function begin(): { console: Pick<Console, 'log'>; $doc: Checks } {
  const lines: string[] = []
  let unread = 0
  const $doc: Checks = {
    shown: (value, expected, where) => same(show(value), expected, where),
    logged: (expected, where) => same(lines.at(-1) ?? '(nothing was printed)', expected, where),
    printed(expected, where) {
      const text = lines.slice(unread).join(', ')
      unread = lines.length
      same(text === '' ? 'nothing' : text, expected, where)
    },
    async threw(run, expected, where) {
      const error = await run().then(() => 'nothing', String)
      same(error.startsWith(expected) ? expected : error, expected, where)
    },
  }
  return { console: { log: (...args: unknown[]) => void lines.push(format(...args)) }, $doc }
}

function show(value: unknown): string {
  if (isCollection(value)) {
    const readable: { toString(): string } = value
    return readable.toString()
  }
  return inspect(value, { depth: 8, breakLength: Infinity, compact: true, maxArrayLength: 200 })
}

/** Spaces count as one, so that a result may be wrapped or aligned. */
function same(actual: string, expected: string, where: string): void {
  const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()
  if (flat(actual) !== flat(expected)) throw new Error(`${where} shows => ${expected}, but it is ${actual}`)
}
