/** What the keys do while nothing is being typed. */
import { COLUMNS, ROWS } from './address.js'

export type Command =
  | { readonly type: 'move'; readonly columns: number; readonly rows: number }
  | { readonly type: 'edit'; readonly draft: string | null }
  | { readonly type: 'clear' | 'undo' | 'redo' }

/** What a key event tells. */
export interface Key {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
}

const PAGE = 20

const moves: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  PageUp: [0, -PAGE],
  PageDown: [0, PAGE],
  Home: [-COLUMNS, 0],
  End: [COLUMNS, 0],
}

const withControl: Readonly<Record<string, Command>> = {
  z: { type: 'undo' },
  y: { type: 'redo' },
  Home: { type: 'move', columns: -COLUMNS, rows: -ROWS },
  End: { type: 'move', columns: 0, rows: ROWS },
  ArrowUp: { type: 'move', columns: 0, rows: -ROWS },
  ArrowDown: { type: 'move', columns: 0, rows: ROWS },
}

export function commandOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Key): Command | undefined {
  if (ctrlKey || metaKey) return shiftKey && key.toLowerCase() === 'z' ? { type: 'redo' } : withControl[key]
  if (altKey) return undefined
  const move = moves[key]
  if (move !== undefined) return { type: 'move', columns: move[0], rows: move[1] }
  if (key === 'Tab') return { type: 'move', columns: shiftKey ? -1 : 1, rows: 0 }
  if (key === 'Enter' || key === 'F2') return { type: 'edit', draft: null }
  if (key === 'Delete' || key === 'Backspace') return { type: 'clear' }
  return key.length === 1 ? { type: 'edit', draft: key } : undefined
}
