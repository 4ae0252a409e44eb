/** The packed package, unpacked into an empty project: its entry points load there. Needs `npm run build`. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Manifest {
  readonly name: string
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
}

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.entries(manifest.exports).flatMap(([name, files]) =>
  typeof files === 'string' ? [] : [{ specifier: manifest.name + name.slice(1), files }],
)

describe('the packed package', () => {
  const project = mkdtempSync(join(tmpdir(), 'pebre-package-'))
  const unpacked = join(project, 'node_modules', manifest.name)

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist/ is missing: npm run build')
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
    const { stdout } = await run('npm', args, { cwd: root })
    const [packed] = JSON.parse(stdout) as { filename: string }[]
    mkdirSync(unpacked, { recursive: true })
    await run('tar', ['-xzf', join(project, packed?.filename ?? ''), '-C', unpacked, '--strip-components=1'])
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  }, 60_000)

  afterAll(() => rmSync(project, { recursive: true, force: true }))

  it.each(entries)('has the files of $specifier', ({ files }) => {
    const missing = [files.types, files.default, `${files.types}.map`, `${files.default}.map`].filter(
      (name) => !existsSync(join(unpacked, name)),
    )
    expect(missing).toEqual([])
  })

  it('holds sources, licence and readme, and no tests', () => {
    const held = ['src/index.ts', 'LICENSE', 'README.md', 'test', 'docs', 'scripts', 'examples'].filter((name) =>
      existsSync(join(unpacked, name)),
    )
    expect(held).toEqual(['src/index.ts', 'LICENSE', 'README.md'])
  })

  it.each(entries)('imports $specifier', { timeout: 30_000 }, async ({ specifier }) => {
    const path = join(project, `${specifier.replaceAll('/', '-')}.js`)
    writeFileSync(path, `import * as entry from '${specifier}'\nconsole.log(typeof entry)\n`)
    const { stdout, stderr } = await run(process.execPath, [path], { cwd: project })
    expect({ stdout, stderr }).toEqual({ stdout: 'object\n', stderr: '' })
  })

  it('has types that stand in a project for Node, without those of browsers', { timeout: 120_000 }, async () => {
    const specifiers = entries.map(({ specifier }) => specifier).filter((specifier) => !/[/](?:react|browser)$/.test(specifier))
    writeFileSync(join(project, 'all.ts'), specifiers.map((specifier, i) => `export * as entry${i} from '${specifier}'\n`).join(''))
    const types = join(root, 'node_modules', '@types')
    const options = { strict: true, noEmit: true, target: 'ES2022', module: 'nodenext', lib: ['ES2022'], types: ['node'], typeRoots: [types], skipLibCheck: false, exactOptionalPropertyTypes: true }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['all.ts'] }))
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]).catch((error: unknown) => error as { stdout: string })
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual([])
  })
})
