/** Which edition of this program makes the pages: another one does not use what was kept by this. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The packages whose code decides what a page looks like. */
const makers = ['markdown-it', 'shiki', 'yaml']

/** A fingerprint of the code in this folder, of the frame of pages, and of the versions of the packages that make them. */
function fingerprint(): string {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const hash = createHash('sha256')
  const code = readdirSync(here).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts')).toSorted()
  for (const path of [...code, '../assets/template.html']) hash.update(`${path}\0`).update(readFileSync(join(here, path)))
  for (const name of makers) hash.update(`${name}\0${versionOf(name)}`)
  return hash.digest('base64url').slice(0, 16)
}

/** The version of an installed package, read without loading it. */
function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { readonly version: string }).version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`The package ${name} is not installed.`)
}

export const edition: string = fingerprint()
