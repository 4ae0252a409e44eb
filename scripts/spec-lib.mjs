/**
 * The rules of docs/spec.md against the titles of the tests.
 *
 * A section is a `## ` heading whose first word is its prefix in capitals; a rule is a list item that starts with its
 * id in bold: `- **REV-1** …`. The `## Open` section lists rules that no test shows yet: `open: DUR-1, DUR-2`.
 * A test shows a rule if its title starts with the rule's tag: `[IN-4] …`, `[IN-4 IN-5] …`, `[IN-4] [IN-5] …`.
 */
import { withoutComments } from './source.mjs'

/**
 * @typedef {{ prefix: string, rules: string[] }} Section
 * @typedef {{ sections: Section[], open: string[], problems: string[] }} Spec
 * @typedef {{ id: string, file: string }} Shown
 * @typedef {{ lines: string[], problems: string[] }} Report
 */

/**
 * @param {string} markdown
 * @returns {Spec}
 */
export function parseSpec(markdown) {
  /** @type {Spec} */
  const spec = { sections: [], open: [], problems: [] }
  const seen = new Set()
  let heading = ''
  for (const line of markdown.split('\n')) {
    heading = /^## (\S+)/.exec(line)?.[1] ?? heading
    if (line.startsWith('## ') && /^[A-Z]+$/.test(heading)) spec.sections.push({ prefix: heading, rules: [] })
    const id = /^[-*] \*\*([A-Z]+-\d+)\*\*/.exec(line)?.[1]
    if (id !== undefined) addRule(spec, heading, seen, id)
    const open = heading === 'Open' ? /^(?:[-*] )?open: (.*)$/.exec(line)?.[1] : undefined
    if (open !== undefined) spec.open.push(...(open.match(/[A-Z]+-\d+/g) ?? []))
  }
  for (const id of spec.open) if (!seen.has(id)) spec.problems.push(`${id} is listed as open but is no rule`)
  return spec
}

/**
 * @param {Spec} spec
 * @param {string} heading
 * @param {Set<string>} seen
 * @param {string} id
 */
function addRule(spec, heading, seen, id) {
  if (seen.has(id)) spec.problems.push(`${id} stands twice in the spec`)
  seen.add(id)
  const section = spec.sections.at(-1)
  if (section === undefined || section.prefix !== heading || !id.startsWith(`${heading}-`)) {
    spec.problems.push(`${id} stands in the section "${heading}"`)
  } else section.rules.push(id)
}

const call = /\b(?:it|test|describe)((?:\.\w+)*)\s*(?=\(|`)/g
const title = /['"`]((?:\[[A-Z]+-\d+(?:[ ,]+[A-Z]+-\d+)*\]\s*)+)/y

/**
 * The ids in the tags of a test file. Skipped and unwritten tests show nothing.
 * @param {string} source
 * @returns {string[]}
 */
export function parseTitles(source) {
  const text = withoutComments(source)
  const ids = []
  for (const found of text.matchAll(call)) {
    const modifiers = found[1] ?? ''
    if (/\.(skip|todo)\b/.test(modifiers)) continue
    const tags = titleAt(text, found.index + found[0].length, /\.(each|for|skipIf|runIf)\b/.test(modifiers))
    ids.push(...(tags.match(/[A-Z]+-\d+/g) ?? []))
  }
  return ids
}

/**
 * The tags at the start of the title of the call whose arguments begin at `at`; `it.each(table)(title, …)` has its
 * title in the second pair of parentheses.
 * @param {string} text
 * @param {number} at
 * @param {boolean} second
 */
function titleAt(text, at, second) {
  const start = second ? text.indexOf('(', endOfArguments(text, at)) : at
  title.lastIndex = start + 1 + (/^\s*/.exec(text.slice(start + 1))?.[0].length ?? 0)
  return title.exec(text)?.[1] ?? ''
}

/**
 * @param {string} text
 * @param {number} at
 */
function endOfArguments(text, at) {
  if (text[at] === '`') return text.indexOf('`', at + 1) + 1
  let depth = 0
  for (let i = at; i < text.length; i += 1) {
    if (text[i] === '(') depth += 1
    else if (text[i] === ')') depth -= 1
    if (depth === 0) return i + 1
  }
  return text.length
}

/**
 * @param {Spec} spec
 * @param {Shown[]} shown
 * @returns {Report}
 */
export function compare(spec, shown) {
  const rules = new Set(spec.sections.flatMap((s) => s.rules))
  const tested = new Set(shown.map((s) => s.id))
  const open = new Set(spec.open)
  const problems = [...spec.problems]
  for (const { id, file } of shown) if (!rules.has(id)) problems.push(`${file} names ${id}, which is no rule`)
  for (const id of rules) {
    if (!tested.has(id) && !open.has(id)) problems.push(`${id} has no test and is not listed as open`)
    if (tested.has(id) && open.has(id)) problems.push(`${id} is listed as open but has a test`)
  }
  return { lines: report(spec, tested, rules), problems }
}

/**
 * @param {Spec} spec
 * @param {Set<string>} tested
 * @param {Set<string>} rules
 */
function report(spec, tested, rules) {
  const count = (/** @type {Iterable<string>} */ ids) => [...ids].filter((id) => tested.has(id)).length
  const lines = spec.sections.map((s) => `${s.prefix} ${count(s.rules)}/${s.rules.length}`)
  lines.push(`total ${count(rules)}/${rules.size}`)
  const missing = spec.sections.map((s) => s.rules.filter((id) => !tested.has(id)))
  return [...lines, ...missing.filter((ids) => ids.length > 0).map((ids) => `open: ${ids.join(', ')}`)]
}
