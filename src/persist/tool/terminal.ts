/** Where a command writes. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Somebody looks at `error`: long work shows how far it is. */
  readonly isTerminal: boolean
}

/** What a terminal would obey, or by which it would write in the other direction, as JSON names it; ends of lines stay. Strings of JSON mean the same. */
export function printable(text: string): string {
  return text.replaceAll(/[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The name of a definition, on one line: in quotes, where it holds what a terminal would obey. */
export function shownName(name: string): string {
  return /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name) ? printable(JSON.stringify(name)) : name
}

/** A line that is written over while work goes on; it shows only after a while. */
export class Progress {
  private readonly terminal: Terminal
  private readonly what: string
  private shownAt: number
  private isShown = false

  constructor(terminal: Terminal, what: string) {
    this.terminal = terminal
    this.what = what
    this.shownAt = performance.now() + 400
  }

  show(done: number, total: number): void {
    if (!this.terminal.isTerminal || performance.now() < this.shownAt) return
    this.shownAt = performance.now() + 100
    this.isShown = true
    this.terminal.error(`\r\u001B[K${this.what}: ${total > 0 ? Math.floor((done / total) * 100) : 100} % of ${bytesText(total)}`)
  }

  clear(): void {
    if (this.isShown) this.terminal.error('\r\u001B[K')
    this.isShown = false
  }
}

/** A number of bytes, for people. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

/** Columns of text, the numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows.reduce<number[]>((known, row) => row.map((cell, i) => Math.max(known[i] ?? 0, String(cell).length)), [])
  const line = (row: readonly (string | number)[]): string =>
    row.map((cell, i) => (typeof cell === 'number' ? String(cell).padStart(widths[i] ?? 0) : i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')
  return rows.map((row) => `  ${line(row)}\n`).join('')
}
