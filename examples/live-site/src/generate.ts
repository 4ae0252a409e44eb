/**
 * A folder of linked pages, for tests and measurements.
 *
 *   npm run generate -w live-site -- --pages 5000 --out DIR
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const perChapter = 25
const perPart = 20 * perChapter

/** The path of page `n`; the first is the index. */
export function pathOf(n: number): string {
  if (n === 0) return 'index.md'
  const part = Math.floor(n / perPart) + 1
  const chapter = Math.floor((n % perPart) / perChapter) + 1
  return `part-${part}/chapter-${chapter}/page-${n}.md`
}

/** The path and the text of each page. The same count gives the same pages. */
export function* generatePages(count: number): Generator<[path: string, text: string]> {
  for (let n = 0; n < count; n++) yield [pathOf(n), textOf(n, count)]
}

const languages = [
  ['ts', (n: number) => `const page${n} = derived('page', (q, path: string) => q.get(file, path).length + ${n})`],
  ['json', (n: number) => `{ "page": ${n}, "title": "Page ${n}", "draft": false }`],
  ['sh', (n: number) => `npm run build -- --page ${n}`],
] as const

function textOf(n: number, count: number): string {
  const link = (to: number, heading = ''): string => `[page ${to % count}](/${pathOf(to % count)}${heading})`
  const [language, code] = languages[n % languages.length] ?? languages[0]
  // One block in four is like no other; the rest are shared, as snippets in a real folder often are.
  const block = code(n % 4 === 0 ? n : n % 20)
  return `---
title: Page ${n}
order: ${n}
---
# Page ${n}

This is page ${n} of ${count}. After it comes ${link(n + 1)}, and ${link(n * 7 + 3)} is about something else.

## Details

What page ${n} says is **worth** a few words, and \`some code\`. There is more in ${link(n * 13 + 5, '#details')}.

- the first of three things
- the second, see ${link(n + 2, '#an-example')}
- the third

## An example

\`\`\`${language}
${block}
\`\`\`

Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.
`
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pages: { type: 'string', default: '5000' }, out: { type: 'string' } } })
  const count = Number(values.pages)
  if (values.out === undefined || !Number.isInteger(count) || count < 1) throw new Error('generate --pages N --out DIR')
  // npm runs scripts in the folder of the package, and tells where it was called.
  const out = resolve(process.env['INIT_CWD'] ?? '.', values.out)
  for (const [path, text] of generatePages(count)) {
    const target = join(out, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
  process.stdout.write(`${count} pages in ${out}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
