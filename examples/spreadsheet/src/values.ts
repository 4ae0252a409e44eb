/** What cells hold, and how one kind of value passes for another. */

/** What stands in a cell that has no value to show, as spreadsheets write it, and why. */
export interface Fault {
  readonly fault: '#DIV/0!' | '#VALUE!' | '#NAME?' | '#REF!' | '#NUM!' | '#N/A' | '#SYNTAX!'
  readonly why: string
}

/** `null` is an empty cell. */
export type Value = number | string | boolean | null | Fault

export function fault(name: Fault['fault'], why: string): Fault {
  return { fault: name, why }
}

export function isFault(value: Value): value is Fault {
  return typeof value === 'object' && value !== null
}

export function toNumber(value: Value): number | Fault {
  if (typeof value === 'number') return value
  if (value === null) return 0
  if (typeof value === 'boolean') return value ? 1 : 0
  if (isFault(value)) return value
  const number = value.trim() === '' ? Number.NaN : Number(value)
  return Number.isNaN(number) ? fault('#VALUE!', `"${value}" is no number`) : number
}

export function toText(value: Value): string | Fault {
  if (value === null) return ''
  if (isFault(value) || typeof value === 'string') return value
  return typeof value === 'boolean' ? (value ? 'TRUE' : 'FALSE') : String(value)
}

export function toTruth(value: Value): boolean | Fault {
  if (typeof value === 'boolean') return value
  const number = toNumber(value)
  return typeof number === 'number' ? number !== 0 : number
}

/** A result that no number can show is a fault. */
export function checked(number: number): number | Fault {
  return Number.isFinite(number) ? number : fault('#NUM!', 'The result is too large, or no number.')
}

const format = new Intl.NumberFormat('en', { maximumFractionDigits: 4, useGrouping: false })

/** The text on screen. */
export function shown(value: Value): string {
  if (typeof value === 'number') return Math.abs(value) >= 1e15 ? value.toExponential(6) : format.format(value)
  if (isFault(value)) return value.fault
  return toText(value) as string
}
