/** The import lines of the library's own files, type imports included. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { withoutComments } from '../../scripts/source.mjs'

export interface SourceFile {
  /** Relative to src, with slashes: `core/node.ts`. */
  readonly path: string
  readonly text: string
  /** Files of the library, in the same form; packages by their name. */
  readonly imports: readonly string[]
}

export function readSources(src: string): SourceFile[] {
  if (!existsSync(src)) return []
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const paths = names.map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.ts'))
  return paths.toSorted().map((path) => {
    const text = readFileSync(join(src, path), 'utf8')
    return { path, text, imports: importsOf(path, text) }
  })
}

const importLine = /\bfrom\s*(['"])(.+?)\1|\bimport\s*\(?\s*(['"])(.+?)\3/g

export function importsOf(path: string, text: string): string[] {
  const found = [...withoutComments(text).matchAll(importLine)].map((match) => match[2] ?? match[4] ?? '')
  return [...new Set(found.map((name) => resolve(path, name)))]
}

function resolve(path: string, name: string): string {
  if (!name.startsWith('.')) return name
  return posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts')
}

/** A cycle of imports as a path of files, if there is one. */
export function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const next of byPath.get(path)?.imports ?? []) {
      const cycle = visit(next, [...way, path])
      if (cycle) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const file of files) {
    const cycle = visit(file.path, [])
    if (cycle) return cycle
  }
  return undefined
}
