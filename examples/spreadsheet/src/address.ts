/** Cells by place and by name: column 1, row 2 is `B3`. */

export const COLUMNS = 10
export const ROWS = 10_000

/** Both count from 0. */
export interface Place {
  readonly column: number
  readonly row: number
}

/** `A` to `J`. */
export function columnName(column: number): string {
  return String.fromCharCode(65 + column)
}

export function cellId({ column, row }: Place): string {
  return columnName(column) + (row + 1)
}

/** The place a name such as `b3` or `$B$3` stands for; undefined where there is no such cell. */
export function placeOf(name: string): Place | undefined {
  const found = /^\$?([A-Za-z])\$?([1-9]\d{0,5})$/.exec(name.trim())
  if (found === null) return undefined
  const column = (found[1] ?? '').toUpperCase().charCodeAt(0) - 65
  const row = Number(found[2]) - 1
  return column < COLUMNS && row < ROWS ? { column, row } : undefined
}

/** The cells between two corners, row by row. */
export function cellsBetween(a: Place, b: Place): string[] {
  const ids: string[] = []
  for (let row = Math.min(a.row, b.row); row <= Math.max(a.row, b.row); row++) {
    for (let column = Math.min(a.column, b.column); column <= Math.max(a.column, b.column); column++) ids.push(cellId({ column, row }))
  }
  return ids
}
