/** Where and with what was measured. */
import { readFile } from 'node:fs/promises'
import { arch, cpus, platform } from 'node:os'

export interface Machine {
  readonly date: string
  readonly node: string
  readonly v8: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  /** Of the libraries. */
  readonly versions: Readonly<Record<string, string>>
}

const packages = [
  'alien-signals', '@preact/signals-core', '@reactively/core', 'mobx', 'jotai', 'rxjs', 'nanostores', '@reatom/core', 'effect', '@tanstack/query-core', 'immutable',
]

export async function describeMachine(): Promise<Machine> {
  const versions = await Promise.all(packages.map(async (name) => [name, await versionOf(`../../../node_modules/${name}/package.json`)] as const))
  const all = cpus()
  return {
    date: new Date().toISOString(),
    node: process.version,
    v8: process.versions.v8,
    system: `${platform()} ${arch()}`,
    processor: all[0]?.model ?? 'unknown',
    cores: all.length,
    versions: Object.fromEntries(versions),
  }
}

async function versionOf(path: string): Promise<string> {
  return (JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as { version: string }).version
}
