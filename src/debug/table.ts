/** Text in columns. */
/** A table with a head and a line under it; columns of numbers stand to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : oneLine(cell))))
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n')
}

const formatNumber = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2))

/** Text on one line: anything that breaks lines is quoted. */
export function oneLine(text: string, limit = 60): string {
  const shown = /[\p{Cc}\u2028\u2029]/u.test(text) ? JSON.stringify(text) : text
  return shown.length <= limit ? shown : `${shown.slice(0, limit - 1)}…`
}

/** Bytes for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
