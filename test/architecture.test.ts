/** The import ladder and the other rules of the house that a script can check. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { codeOnly } from '../scripts/source.mjs'
import { findCycle, importsOf, readSources, type SourceFile } from './support/imports.js'

/** A file of src/core imports, types too, only files that stand above it here. */
const ladder = [
  'revision', 'errors', 'environment', 'describe', 'check', 'clock', 'frames', 'stream', 'key', 'key-text', 'comparison', 'kinds', 'fingerprint', 'equality', 'events', 'define', 'tally', 'node-map', 'node', 'feed', 'graph', 'id-map', 'entry-key', 'root', 'audience', 'delivery', 'hub', 'change', 'branch', 'activity', 'size', 'share', 'tell', 'memory', 'attempts', 'records', 'release', 'missed', 'intern',
  'job', 'wait-graph', 'frame', 'emission', 'tracker', 'dates', 'judge', 'past', 'ring', 'cycle', 'run', 'flights', 'answer', 'components', 'round', 'fixpoint', 'engine', 'announce', 'store', 'commit', 'source-key', 'needs', 'sources', 'batch', 'transfer', 'collect', 'outside', 'accumulated', 'live-state', 'live', 'live-stream', 'policies', 'effect', 'input-node', 'bind', 'at-work', 'look', 'statistics', 'view', 'debugging', 'database', 'journal', 'saved-state', 'restored-state',
]

/** Files that import nothing at all. */
const ground = new Set(['revision', 'errors', 'environment', 'tally', 'node-map'])

/** What each folder may import beside its own files and, outside core, core's public index and `core/check`. */
const packages: Record<string, readonly string[]> = {
  core: ['rxjs', 'immutable'],
  operators: ['rxjs', 'immutable', 'core/events.ts'],
  debug: ['rxjs', 'immutable'],
  testing: [],
  react: ['rxjs', 'react'],
  inspector: ['debug/index.ts', 'cytoscape', 'cytoscape-dagre', 'uplot', 'uplot/dist/uPlot.min.css'],
  persist: ['rxjs', 'immutable', 'msgpackr', 'core/journal.ts', 'core/saved-state.ts', 'core/restored-state.ts'],
}

/** The files that may import `node:`; the rest runs anywhere. */
const nodeOnly = /^inspector\/server\.ts$|^persist\/(?:ports\/node(?:-lock)?|tool\/[a-z-]+)\.ts$/

const longest = 300

function ladderBreaches(files: readonly SourceFile[]): string[] {
  const step = (path: string): number => ladder.indexOf(path.replace(/^core\/|\.ts$/g, ''))
  return files.filter((file) => file.path.startsWith('core/')).flatMap((file) => {
    const own = step(file.path)
    if (own < 0) return [`${file.path} has no place in the ladder`]
    if (file.imports.length > 0 && ground.has(ladder[own] ?? '')) return [`${file.path} must import nothing`]
    const inside = file.imports.filter((name) => name.startsWith('core/'))
    return inside.filter((name) => !(step(name) >= 0 && step(name) < own)).map((name) => `${file.path} imports ${name}`)
  })
}

function folderBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const folder = file.path.includes('/') ? file.path.slice(0, file.path.indexOf('/')) : ''
    const allowed = (name: string): boolean => {
      if (folder === '') return name.startsWith('core/')
      if (name.startsWith(`${folder}/`)) return true
      if (name.startsWith('node:')) return nodeOnly.test(file.path)
      return (folder !== 'core' && (name === 'index.ts' || name === 'core/check.ts')) || (packages[folder]?.includes(name) ?? false)
    }
    return file.imports.filter((name) => !allowed(name)).map((name) => `${file.path} imports ${name}`)
  })
}

/** The files named in the first column of the table of `src/core`. */
function filesOfTable(page: string): string[] {
  const lines = page.split('\n')
  const start = lines.findIndex((line) => line.startsWith('| file of `src/core`'))
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).flatMap((line) => (line.split('|')[1] ?? '').split(',').map((name) => name.replaceAll('`', '').trim()))
}

function longFiles(files: readonly SourceFile[]): string[] {
  const excused = /^\s*(?:\/\*\*?|\/\/)[\s*]*(?:[^*]|\*(?!\/))*?Longer than 300 lines: \S/
  const long = files.filter((file) => file.text.trimEnd().split('\n').length > longest && !excused.test(file.text))
  return long.map((file) => file.path)
}

function matches(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) => {
    const lines = codeOnly(file.text).split('\n')
    return lines.flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1}`] : []))
  })
}

const moduleState = /^(?:export )?(?:declare )?(?:let|var)\b/
const anyType = /(?<![.\w$])any(?![\w$(:])/

describe('the house', () => {
  const files = readSources(fileURLToPath(new URL('../src', import.meta.url)))

  it('imports climb the ladder in src/core', () => {
    expect(ladderBreaches(files)).toEqual([])
  })

  it('docs/architecture.md lists the files of src/core in the order of the ladder, each once', () => {
    const page = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8')
    expect(filesOfTable(page)).toEqual(ladder)
    expect(files.flatMap(({ path }) => (path.startsWith('core/') ? [path.slice(5, -3)] : [])).toSorted()).toEqual(ladder.toSorted())
  })

  it('each folder imports only what it may', () => {
    expect(folderBreaches(files)).toEqual([])
  })

  it('no imports form a cycle', () => {
    expect(findCycle(files)).toBeUndefined()
  })

  it('a file over 300 lines says why', () => {
    expect(longFiles(files)).toEqual([])
  })

  it('no module holds state', () => {
    expect(matches(files, moduleState)).toEqual([])
  })

  it('no any', () => {
    expect(matches(files, anyType)).toEqual([])
  })
})

describe('the checks themselves', () => {
  const file = (path: string, text: string): SourceFile => ({ path, text, imports: importsOf(path, text) })

  it('find imports of every form, and none in comments', () => {
    const text = `import { a } from './a.js'
      import type {
        B,
      } from "../index.js"
      export * from './c.js'
      import 'rxjs'
      type D = import('immutable').Map<string, string>
      // import './e.js'
      const f = await import('./f.js')`
    expect(importsOf('core/x.ts', text)).toEqual([
      'core/a.ts', 'index.ts', 'core/c.ts', 'rxjs', 'immutable', 'core/f.ts',
    ])
  })

  it('find a step down the ladder, a file without a place, and ground that imports', () => {
    const files = [
      file('core/key.ts', "import type { N } from './node.js'"),
      file('core/node.ts', "import { k } from './key.js'"),
      file('core/other.ts', ''),
      file('core/errors.ts', "import 'rxjs'"),
    ]
    expect(ladderBreaches(files)).toEqual([
      'core/key.ts imports core/node.ts',
      'core/other.ts has no place in the ladder',
      'core/errors.ts must import nothing',
    ])
  })

  it('read the table of files', () => {
    expect(filesOfTable('text\n| file of `src/core` | role |\n|---|---|\n| `a`, `b` | one; `x` |\n| `c` | two |\n\n| `d` | other |')).toEqual(['a', 'b', 'c'])
  })

  it('find what a folder may not import', () => {
    const files = [
      file('index.ts', "export { a } from './core/a.js'; export { b } from './debug/b.js'"),
      file('core/node.ts', "import 'lru-cache'; import '../index.js'"),
      file('debug/dot.ts', "import '../index.js'; import './graph.js'; import '../core/node.js'; import '../operators/x.js'"),
    ]
    expect(folderBreaches(files)).toEqual([
      'index.ts imports debug/b.ts',
      'core/node.ts imports lru-cache',
      'core/node.ts imports index.ts',
      'debug/dot.ts imports core/node.ts',
      'debug/dot.ts imports operators/x.ts',
    ])
  })

  it('find a cycle', () => {
    const files = [file('core/a.ts', "import './b.js'"), file('core/b.ts', "import type { A } from './a.js'")]
    expect(findCycle(files)).toEqual(['core/a.ts', 'core/b.ts', 'core/a.ts'])
  })

  it('find long files, module state and any', () => {
    const body = 'x\n'.repeat(301)
    expect(longFiles([file('a.ts', body), file('b.ts', `/**\n * B.\n * Longer than 300 lines: flow order.\n */\n${body}`)]))
      .toEqual(['a.ts'])
    expect(matches([file('a.ts', 'let a = 1\nexport let b\n  let c\nconst d = 1')], moduleState)).toEqual(['a.ts:1', 'a.ts:2'])
    expect(matches([file('a.ts', "f(x as any)\n// any\nPromise.any(x)\n'any'\nlet a: any[]")], anyType)).toEqual(['a.ts:1', 'a.ts:5'])
  })
})
