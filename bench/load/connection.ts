/** A keep-alive connection that asks again as soon as it has been answered, and looks at every answer. */
import { connect, type Socket } from 'node:net'
import { accounts, type Model, perStatement, type Statement } from './model.js'

export interface Log {
  /** Milliseconds from request to answer. */
  readonly latencies: number[]
  readonly faults: string[]
  /** Requests whose client left before the answer. */
  left: number
}

const head = /^HTTP\/1\.1 (\d+)[^]*?content-length: (\d+)[^]*?\r\n\r\n/i

export class Connection {
  private socket: Socket | undefined
  private received = ''
  private asked = 0
  private at = 0
  private since = 0
  /** The newest edition seen here: none that is asked for later may be older. */
  private edition = 0
  private readonly port: number
  private readonly model: Model
  private readonly log: Log

  constructor(port: number, model: Model, log: Log) {
    this.port = port
    this.model = model
    this.log = log
    this.open()
  }

  /** Leaves, also in the middle of a request. */
  end(): void {
    this.socket?.destroy()
    this.socket = undefined
  }

  private open(): void {
    const socket = connect(this.port, '127.0.0.1', () => this.ask())
    this.socket = socket
    this.received = ''
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.take(text))
    socket.on('close', () => this.socket === socket && this.log.faults.push('The server closed a connection.'))
    socket.on('error', (error) => this.socket === socket && this.log.faults.push(error.message))
  }

  private ask(): void {
    this.at = (this.at + 7) % (accounts / perStatement)
    this.since = performance.now()
    this.socket?.write(`GET /${this.at} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    // One request in 101 is left without an answer.
    if (++this.asked % 101 !== 0) return
    this.log.left++
    setImmediate(() => {
      if (this.socket === undefined) return
      this.end()
      this.open()
    })
  }

  private take(text: string): void {
    this.received += text
    const found = head.exec(this.received)
    if (found === null || this.received.length < found[0].length + Number(found[2])) return
    this.log.latencies.push(performance.now() - this.since)
    this.check(Number(found[1]), this.received.slice(found[0].length))
    this.received = ''
    this.ask()
  }

  private check(status: number, body: string): void {
    if (status !== 200) return void this.log.faults.push(`Answered with ${status}: ${body}`)
    const statement = JSON.parse(body) as Statement
    if (!this.model.agrees(this.at, statement)) this.log.faults.push(`Statement ${this.at} is wrong or torn: ${body}`)
    if (statement.edition < this.edition) this.log.faults.push(`Edition ${statement.edition} was answered after ${this.edition}.`)
    this.edition = statement.edition
  }
}
