/** The command line. */
import { parseArgs } from 'node:util'

/** Something the person who typed the command can put right: shown as one line, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const levels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const

export type Level = (typeof levels)[number]

interface Common {
  readonly root: string
  readonly log: Level
  readonly html: boolean
  readonly cache: Cache
}

/** Where what was made is kept from one start to the next: in a folder that was named, in one of our own, or nowhere. */
export type Cache = { readonly folder: string } | 'own' | 'none'

export type Options =
  | ({ readonly command: 'serve'; readonly host: string; readonly port: number; readonly open: boolean } & Common)
  | ({ readonly command: 'build'; readonly out: string } & Common)
  | { readonly command: 'help' }

export const help = `live-site [--root DIR] [--cache DIR | --no-cache] [--port N] [--host ADDRESS] [--open] [--html] [--log LEVEL]
live-site build --out DIR [--root DIR] [--cache DIR] [--html] [--log LEVEL]

Serves a folder of Markdown, rebuilds what an edit reaches, and patches open browsers in place.
With "build", writes the site to a folder instead.

  --root DIR      the folder (default: the current one)
  --cache DIR     where what was made is kept, so that the next start makes only what has changed
                  (default: a folder for each root among your caches; for "build", nowhere)
  --no-cache      keeps nothing
  --port N        0 takes a free one (default: 4180)
  --host ADDRESS  a loopback address: 127.0.0.1, ::1 or localhost (default: 127.0.0.1)
  --open          opens the first page in the browser
  --html          keeps raw HTML in Markdown; only for files you trust
  --log LEVEL     ${levels.join(', ')} (default: info)
  --out DIR       where "build" writes
  --help          shows this
`

const flags = {
  root: { type: 'string' },
  cache: { type: 'string' },
  'no-cache': { type: 'boolean' },
  port: { type: 'string' },
  host: { type: 'string' },
  open: { type: 'boolean' },
  html: { type: 'boolean' },
  log: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  if (values.help === true) return { command: 'help' }
  const [command = 'serve', ...rest] = positionals
  if ((command !== 'serve' && command !== 'build') || rest.length > 0) throw new UsageError(`unknown command: ${positionals.join(' ')}`)
  const common = { root: filled('--root', values.root ?? '.'), html: values.html ?? false, log: readLevel(values.log ?? 'info'), cache: readCache(values, command) }
  if (command === 'build') {
    for (const flag of ['port', 'host', 'open'] as const) if (values[flag] !== undefined) throw new UsageError(`--${flag} is not for build`)
    if (values.out === undefined) throw new UsageError('build needs --out DIR')
    return { command, ...common, out: filled('--out', values.out) }
  }
  if (values.out !== undefined) throw new UsageError('--out is for build: live-site build --out DIR')
  return { command, ...common, host: readHost(values.host ?? '127.0.0.1'), port: readPort(values.port ?? '4180'), open: values.open ?? false }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true })
  } catch (error) {
    const [line = ''] = (error as Error).message.split(/\.\s|\n/)
    throw new UsageError(line.replace(/^\w/, (first) => first.toLowerCase()))
  }
}

function filled(flag: string, value: string): string {
  if (value === '') throw new UsageError(`${flag} needs a folder`)
  return value
}

function readCache({ cache, 'no-cache': none }: { readonly cache?: string; readonly 'no-cache'?: boolean }, command: 'serve' | 'build'): Cache {
  if (cache !== undefined && none === true) throw new UsageError('--cache and --no-cache exclude each other')
  if (cache !== undefined) return { folder: filled('--cache', cache) }
  return none === true || command === 'build' ? 'none' : 'own'
}

function readLevel(text: string): Level {
  const level = levels.find((known) => known === text)
  if (level === undefined) throw new UsageError(`--log must be one of ${levels.join(', ')}: ${text}`)
  return level
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UsageError(`--port must be a number from 0 to 65535: ${text}`)
  return port
}

/** What is served may be private, and nobody logs in: it stays on this machine. */
function readHost(text: string): string {
  if (text === 'localhost' || text === '::1' || /^127(?:\.\d{1,3}){3}$/.test(text)) return text
  throw new UsageError(`--host must be a loopback address, like 127.0.0.1, because the site is for this machine only: ${text}`)
}
