/** What a cell looks like in each state of its query. */
import { CycleError, type QueryState } from 'pebre'
import { cycleOf } from './sheet.js'
import { isFault, shown, type Value } from './values.js'

export interface Face {
  readonly text: string
  /** Classes for the style sheet. */
  readonly kind: string
  /** Shown on hovering, and beside the formula. */
  readonly why?: string
}

export function faceOf(state: QueryState<Value>): Face {
  switch (state.status) {
    case 'pending': return { text: '…', kind: 'waiting', why: 'Waiting for the service.' }
    case 'stale': return faceOfStale(faceOfValue(state.value))
    case 'ready': return faceOfValue(state.value)
    default: return faceOfFailure(state.error)
  }
}

function faceOfStale({ text, kind }: Face): Face {
  return { text: text === '' ? '…' : text, kind: `${kind} waiting`, why: 'Waiting for the service; this is the value before.' }
}

function faceOfValue(value: Value): Face {
  if (isFault(value)) return { text: value.fault, kind: 'fault', why: value.why }
  return { text: shown(value), kind: value === null ? 'text' : typeof value === 'string' ? 'text' : typeof value }
}

function faceOfFailure(error: unknown): Face {
  if (error instanceof CycleError) return { text: '#CYCLE!', kind: 'fault cycle', why: `A cycle: ${cycleOf(error)}` }
  return { text: '#ERROR!', kind: 'fault', why: String(error) }
}
