/** Every ```ts and ```tsx example of README.md and docs/ is compiled, and run unless it says `no-run`. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { checked, examples, type Example } from './support/fences.js'
import { standIns } from './support/frameworks/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'test/.docs')

function pages(): string[] {
  const docs = existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }) : []
  const found = ['README.md', ...docs.map((name) => join('docs', name)).toSorted()]
  return found.filter((name) => name.endsWith('.md') && existsSync(join(root, name)))
}

/** Leaves an unchanged file alone, so that watching tests do not run for ever. */
function write(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function pathOf(example: Example, suffix: string): string {
  return join(out, example.page, `line-${example.line}${suffix}.${example.extension}`)
}

const all = pages().flatMap((page) => examples(page, readFileSync(join(root, page), 'utf8')))

describe('examples in the documentation', () => {
  it('compile', { timeout: 120_000 }, async () => {
    const files = all.map((example) => pathOf(example, ''))
    for (const [index, example] of all.entries()) write(files[index] ?? '', example.code)
    if (files.length > 0) expect(await compile(files)).toBe('')
  })

  it.each(all.filter((example) => example.runs).map((e) => [`${e.page}:${e.line}`, e] as const))(
    '%s runs and shows its results',
    { timeout: 30_000 },
    async (_name, example) => {
      await run(example)
    },
  )
})

async function run(example: Example): Promise<void> {
  const path = pathOf(example, '.run')
  write(path, checked(example, relative(dirname(path), join(root, 'test/support/shown.js')).replaceAll('\\', '/')))
  await import(/* @vite-ignore */ path)
}

/** What the compiler says about these files: an empty string if all is well. */
async function compile(files: readonly string[]): Promise<string> {
  const config = join(out, 'tsconfig.json')
  const { compilerOptions: base } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')) as { compilerOptions: { paths: Record<string, string[]> } }
  const paths = Object.fromEntries(Object.entries({ ...base.paths, ...standIns }).map(([name, places]) => [name, places.map((place) => join(root, place))]))
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, paths }
  write(config, JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, files, include: [] }))
  const compiler = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', config, '--pretty', 'false'])
  return compiler.then(
    () => '',
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  )
}

describe('the check itself', () => {
  const runCode = async (code: string): Promise<void> => {
    const page = `self/${createHash('sha256').update(code).digest('hex').slice(0, 12)}.md`
    for (const example of examples(page, `\`\`\`ts\n${code}\n\`\`\``)) await run(example)
  }

  it.each([
    ['1 + 1 // => 2'],
    ["const word = 'a'; // => 'a'"],
    ['console.log("a", 1) // => a 1'],
    ['await Promise.resolve([1]) // => [ 1 ] -- an explanation'],
    ['for (const x of [1, 2]) console.log(x) // prints: 1, 2'],
    ["throw new TypeError('no') // throws: TypeError: no"],
  ])('accepts %s', async (code) => {
    await expect(runCode(code)).resolves.toBeUndefined()
  })

  it.each([
    ['1 + 1 // => 3', '.md:2 shows => 3, but it is 2'],
    ['console.log("a") // => b', '.md:2 shows => b, but it is a'],
    ['1 + 1 // prints: 2', '.md:2 shows => 2, but it is nothing'],
    ['1 + 1 // throws: Error', '.md:2 shows => Error, but it is nothing'],
    ['f(\n1\n) // => 2', '.md:4: a shown result needs its expression on one line'],
  ])('refuses %s', async (code, message) => {
    await expect(runCode(code)).rejects.toThrow(message)
  })

  it('keeps line numbers and appends a continued fence', () => {
    const page = 'text\n```ts\nconst a = 1\n```\ntext\n```ts continue\na // => 1\n```\n'
    expect(examples('page.md', page)).toEqual([
      { page: 'page.md', line: 2, runs: true, extension: 'ts', code: '\n\nconst a = 1\n\n\n\na // => 1' },
    ])
  })

  it('skips other languages and longer fences, and wants a reason for no-run', () => {
    const page = '````md\n```ts\nx\n```\n````\n```js\ny\n```\n```ts no-run (starts a server)\nz\n```\n'
    expect(examples('page.md', page)).toMatchObject([{ line: 9, runs: false }])
    expect(() => examples('page.md', '```ts no-run\n```')).toThrow('page.md:1: no-run needs a reason')
  })
})
