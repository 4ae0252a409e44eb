/**
 * Fenced examples of a Markdown page, ts and tsx, as modules. CONTRIBUTING.md says how they are written.
 *
 * A module keeps the line numbers of its page, so a compiler message points into the page. It is written twice: as it
 * stands (for the compiler), and with its `// =>` comments turned into checks (to be run).
 */

export interface Example {
  readonly page: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  readonly runs: boolean
  readonly code: string
  /** What the file is called at its end: an example with elements in it is `tsx`. */
  readonly extension: 'ts' | 'tsx'
}

interface Fence {
  readonly line: number
  readonly flags: readonly string[]
  readonly body: readonly string[]
}

/** The ```ts and ```tsx examples of a page; a `continue` fence is appended to the one before it. */
export function examples(page: string, markdown: string): Example[] {
  const out: Example[] = []
  for (const fence of fences(markdown)) {
    const [language, flag, ...reason] = fence.flags
    if (language !== 'ts' && language !== 'tsx') continue
    if (flag !== undefined && flag !== 'continue' && flag !== 'no-run') {
      throw new Error(`${page}:${fence.line}: unknown word "${flag}" after \`\`\`${language}`)
    }
    if (flag === 'no-run' && reason.length === 0) throw new Error(`${page}:${fence.line}: no-run needs a reason`)
    const before = flag === 'continue' ? out.pop() : undefined
    if (flag === 'continue' && before === undefined) throw new Error(`${page}:${fence.line}: nothing to continue`)
    const code = padTo(before?.code ?? '', fence.line) + fence.body.join('\n')
    out.push({ page, line: before?.line ?? fence.line, runs: before?.runs ?? flag !== 'no-run', code, extension: before?.extension ?? language })
  }
  return out
}

function fences(markdown: string): Fence[] {
  const out: Fence[] = []
  let open: { line: number; mark: string; indent: number; flags: string[]; body: string[] } | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    const found = /^(\s*)(`{3,})(.*)$/.exec(text)
    const mark = found?.[2] ?? ''
    if (open === undefined) {
      if (found) open = { line: index + 1, mark, indent: found[1]?.length ?? 0, flags: words(found[3] ?? ''), body: [] }
    } else if (mark.length >= open.mark.length && found?.[3]?.trim() === '') {
      out.push(open)
      open = undefined
    } else open.body.push(text.slice(Math.min(open.indent, text.search(/\S|$/))))
  }
  if (open !== undefined) throw new Error(`the fence at line ${open.line} is not closed`)
  return out
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/** Empty lines until the next line is the one after `line`. */
function padTo(code: string, line: number): string {
  const start = code === '' ? '' : `${code}\n`
  return start + '\n'.repeat(line - (start.split('\n').length - 1))
}

const kinds = { '=>': 'shown', prints: 'printed', throws: 'threw' } as const

/** The example with its comments turned into calls of the checks that `runner` exports. */
export function checked(example: Example, runner: string): string {
  const [, ...lines] = example.code.split('\n').map((text, index) => checkedLine(text, `${example.page}:${index + 1}`))
  const first = `import { begin } from ${JSON.stringify(runner)}; const { console, $doc } = begin();`
  return [first, ...lines].join('\n')
}

function checkedLine(text: string, where: string): string {
  const found = /^(\s*)(.*?);?\s*\/\/ (=>|prints:|throws:) (.*?)(?: -- .*)?$/.exec(text)
  if (!found) return text
  const [, indent = '', code = '', mark = '', expected = ''] = found
  const kind = kinds[mark.replace(':', '') as keyof typeof kinds]
  const facts = `${JSON.stringify(expected.trim())}, ${JSON.stringify(where)}`
  if (kind === 'printed') return `${indent}${code}; $doc.printed(${facts})`
  if (/^[)}\].]/.test(code) || code === '') throw new Error(`${where}: a shown result needs its expression on one line`)
  if (kind === 'threw') return `${indent}await $doc.threw(async () => { ${code} }, ${facts})`
  return `${indent}${shown(code, facts)}`
}

function shown(code: string, facts: string): string {
  const logged = /^console\.log\((.*)\)$/.exec(code)
  if (logged) return `console.log(${logged[1]}); $doc.logged(${facts})`
  const declared = /^(?:export )?(?:const|let) (\w+)\b.* = /.exec(code)
  if (declared) return `${code}; $doc.shown(${declared[1]}, ${facts})`
  return `$doc.shown((${code}), ${facts})`
}
