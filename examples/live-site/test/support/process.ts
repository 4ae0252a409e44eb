/** The built command as a process, and folders for it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** Where the commands of a test file keep what they made, if they are not told. */
export const caches = await realpath(await mkdtemp(join(tmpdir(), 'live-site-caches-')))

/** What a test file leaves behind; undone at its end, the last first. */
const undo: (() => Promise<unknown>)[] = [async () => rm(caches, { recursive: true, force: true })]

afterAll(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

/** Writes files below a new temporary folder, which goes when the test file is done. */
export async function temporaryFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'live-site-')))
  undo.push(async () => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) await put(folder, path, text)
  return folder
}

export async function put(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

export interface Result {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

export interface Line {
  readonly level: string
  readonly msg: string
  readonly [fact: string]: unknown
}

/** A running command. */
export class Command {
  readonly child: ChildProcessWithoutNullStreams
  private out = ''
  private errors = ''
  private readonly ended: Promise<unknown>

  constructor(args: readonly string[]) {
    if (!existsSync(main)) throw new Error('The example is not built: npm run build && npm run build -w live-site')
    this.child = spawn(process.execPath, [main, ...args], { env: { ...process.env, XDG_CACHE_HOME: caches } })
    this.child.stdout.on('data', (data: Buffer) => (this.out += data.toString()))
    this.child.stderr.on('data', (data: Buffer) => (this.errors += data.toString()))
    this.ended = once(this.child, 'close')
  }

  /** The log so far. */
  get lines(): Line[] {
    const whole = this.out.slice(0, this.out.lastIndexOf('\n') + 1)
    return whole.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
  }

  /** The first line with this message, as soon as it is there. */
  async line(message: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find(({ msg }) => msg === message)
      if (found !== undefined) return found
      if (this.child.exitCode !== null) throw new Error(`The command ended with ${this.child.exitCode}: ${this.out}${this.errors}`)
      await Promise.race([once(this.child.stdout, 'data'), this.ended])
    }
  }

  async result(): Promise<Result> {
    await this.ended
    return { code: this.child.exitCode, out: this.out, errors: this.errors }
  }

  async interrupt(): Promise<Result> {
    this.child.kill('SIGINT')
    return this.result()
  }
}

export async function run(...args: readonly string[]): Promise<Result> {
  return new Command(args).result()
}

/** Serves a folder on a free port, until the test file is done. */
export async function serveFolder(root: string, ...args: readonly string[]): Promise<Command & { readonly url: string }> {
  const command = new Command(['--root', root, '--port', '0', ...args])
  undo.push(async () => (command.child.exitCode === null ? command.interrupt() : undefined))
  const { url } = await command.line('serving')
  return Object.assign(command, { url: String(url) })
}
