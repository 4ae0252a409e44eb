/** Which cell is selected, and what is being typed. It is no part of the sheet: undo does not bring it back. */
import { COLUMNS, type Place, ROWS } from './address.js'

export interface Selection {
  readonly place: Place
  /** The text being typed; null while nothing is. */
  readonly draft: string | null
  /** Where it is typed. */
  readonly field: 'cell' | 'bar'
}

export type SelectionAction =
  | { readonly type: 'select'; readonly place: Place }
  | { readonly type: 'move'; readonly columns: number; readonly rows: number }
  | { readonly type: 'type'; readonly draft: string; readonly field: 'cell' | 'bar' }
  | { readonly type: 'cancel' }

export const start: Selection = { place: { column: 9, row: 1 }, draft: null, field: 'cell' }

export function select(selection: Selection, action: SelectionAction): Selection {
  switch (action.type) {
    case 'select': return { ...selection, place: action.place, draft: null }
    case 'type': return { ...selection, draft: action.draft, field: action.field }
    case 'move': return { ...selection, place: moved(selection.place, action), draft: null }
    default: return { ...selection, draft: null }
  }
}

function moved({ column, row }: Place, { columns, rows }: { readonly columns: number; readonly rows: number }): Place {
  return { column: clamp(column + columns, COLUMNS), row: clamp(row + rows, ROWS) }
}

function clamp(at: number, count: number): number {
  return Math.max(0, Math.min(count - 1, at))
}
