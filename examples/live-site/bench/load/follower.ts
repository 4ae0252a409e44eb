/** One browser, as far as the wire goes: it follows a page, and holds every state it is told against the edits that were made. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** When each edit was written, and the last one of each page. Edits are counted from 1. */
export interface Edits {
  readonly writtenAt: readonly number[]
  readonly last: ReadonlyMap<string, number>
}

export class Follower {
  /** Milliseconds from the write of an edit to its arrival, for each edit that arrived here. */
  readonly latencies: number[] = []
  /** What was told wrongly. */
  readonly faults: string[] = []
  received = 0
  /** The newest edit it has been told of. */
  edit = 0
  /** The page as it was told last. */
  html = ''
  private isClosed = false
  readonly path: string
  private readonly socket: WebSocket

  constructor(site: string, path: string, edits: Edits) {
    this.path = path
    const page = `/${path.replace(/\.md$/, '')}`
    this.socket = new WebSocket(`${site.replace('http', 'ws')}_site/live?page=${encodeURIComponent(page)}`, { origin: site.replace(/\/$/, '') })
    this.socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString()) as { type: string; html?: string }, edits))
    this.socket.on('close', () => (this.isClosed = true))
    this.socket.on('error', (error) => this.faults.push(`${path}: ${error.message}`))
  }

  /** Resolves once the first state is there. */
  async opened(): Promise<void> {
    while (this.received === 0 && this.faults.length === 0) await Promise.race([once(this.socket, 'message'), once(this.socket, 'close')])
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.socket.close()
    await once(this.socket, 'close')
  }

  /** Stops reading, as the tab of a machine that sleeps. */
  sleep(): void {
    this.socket.pause()
  }

  wake(): void {
    this.socket.resume()
  }

  private take({ type, html }: { readonly type: string; readonly html?: string }, { writtenAt, last }: Edits): void {
    const now = performance.now()
    this.received++
    if (type !== 'page' || html === undefined) return void this.faults.push(`${this.path}: was told ${type}`)
    const edit = Number(/<p>edit (\d+)\.<\/p>/.exec(html)?.[1] ?? 0)
    if (edit < this.edit) this.faults.push(`${this.path}: edit ${edit} came after edit ${this.edit}`)
    if (edit > (last.get(this.path) ?? 0)) this.faults.push(`${this.path}: edit ${edit} was never made`)
    if (edit > this.edit) this.latencies.push(now - (writtenAt[edit] ?? 0))
    this.edit = edit
    this.html = html
  }
}
