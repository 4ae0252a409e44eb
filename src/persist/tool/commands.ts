/// <reference types="node" />
/** From arguments to a command to an exit code: 0 all is well, 1 something is damaged or would not be loaded, 2 wrong usage, 3 nothing could be read. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CacheError } from '../errors.js'
import { StorageError } from '../ports/errors.js'
import { inspectFile } from './inspect.js'
import { showLog } from './log.js'
import { printable, type Terminal } from './terminal.js'
import { verifyPlace } from './verify.js'

const help = `Usage: pebre COMMAND PLACE [--json]

  pebre inspect FILE       the header of a cache file, its sections with their sizes, and its largest records
  pebre verify PLACE       checks every checksum of a cache file, or of a folder of openDatabase, and says what loading would do
  pebre log FOLDER         lists the commits of a log, one a line

Options
  --json       for scripts: one JSON value a line
  --top N      inspect: how many of the largest records (default: 10)
  --last N     log: only the last commits
  --help, --version

Exit codes: 0 all is well, 1 damaged or not to be loaded, 2 wrong usage, 3 could not be read.
`

class UsageError extends Error {}

interface Request {
  readonly command: string
  readonly place: string
  readonly json: boolean
  readonly top: number
  readonly last: number
}

/** Runs the command. */
export async function run(args: readonly string[], screen: Terminal): Promise<number> {
  const terminal = { ...screen, out: (text: string) => screen.out(printable(text)) }
  try {
    const request = readRequest(args)
    if (typeof request !== 'string') return await execute(request, terminal)
    terminal.out(request)
    return 0
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    terminal.error(error instanceof UsageError ? `pebre: ${message}\n\n${help}` : `pebre: ${message}\n`)
    return error instanceof UsageError ? 2 : error instanceof StorageError || (error instanceof CacheError && error.code === 'foreign') ? 3 : 1
  }
}

function execute(request: Request, terminal: Terminal): Promise<number> {
  if (request.command === 'inspect') return inspectFile(request, terminal)
  if (request.command === 'verify') return verifyPlace(request, terminal)
  if (request.command === 'log') return showLog(request, terminal)
  throw new UsageError(`there is no command ${request.command}`)
}

function readRequest(args: readonly string[]): Request | string {
  const { values, positionals } = parse(args)
  if (values.help === true) return help
  if (values.version === true) return `${version()}\n`
  const [command, place, ...rest] = positionals
  if (command === undefined) throw new UsageError('a command is missing')
  if (place === undefined) throw new UsageError(`${command} of what? Name a file or a folder`)
  if (rest.length > 0) throw new UsageError(`one place at a time, and not ${rest.join(' ')} too`)
  return { command, place, json: values.json === true, top: count('top', values.top, 10), last: count('last', values.last, Infinity) }
}

function parse(args: readonly string[]): { values: { json?: boolean; help?: boolean; version?: boolean; top?: string; last?: string }; positionals: string[] } {
  try {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    return parseArgs({ args: [...args], allowPositionals: true, options: { json: flag, help: { ...flag, short: 'h' }, version: flag, top: text, last: text } })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${name} wants a whole number, and not ${text}`)
  return Number(text)
}
