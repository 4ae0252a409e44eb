/** The newest events that pass the filters. */
import type { EventType } from '../../index.js'
import type { EventLine, RecordKey } from '../protocol.js'
import { fill, h, shorten } from './dom.js'

/** What can be left out, and the types it stands for. */
export const groups: Readonly<Record<string, readonly EventType[]>> = {
  writes: ['revisionBumped', 'revisionSet', 'inputSet', 'inputRemoved'],
  invalidations: ['queryInvalidated'],
  runs: ['queryStarted', 'queryComputed', 'queryFailed', 'queryCancelled'],
  changes: ['queryChanged'],
  validations: ['queryValidated'],
}

const known = new Set(Object.values(groups).flat())

export interface EventFilter {
  readonly hidden: ReadonlySet<string>
  readonly text: string
  /** Only those of one revision. */
  readonly revision: number | null
}

const MOST_SHOWN = 300

export function renderEvents(body: Element, events: readonly EventLine[], { hidden, text, revision }: EventFilter, select: (key: RecordKey) => void): void {
  const wanted = text.toLowerCase()
  const shown: EventLine[] = []
  const types = new Set([...hidden].flatMap((group) => groups[group] ?? []))
  for (let i = events.length - 1; i >= 0 && shown.length < MOST_SHOWN; i--) {
    const event = events[i]
    if (event === undefined || types.has(event.type) || (hidden.has('other') && !known.has(event.type))) continue
    if (revision !== null && event.revision !== revision) continue
    if (wanted !== '' && !`${event.type} ${event.id ?? ''}`.toLowerCase().includes(wanted)) continue
    shown.push(event)
  }
  if (shown.length === 0) fill(body, h('tr', {}, h('td', { class: 'empty' }, 'No events yet, or none that pass the filters.')))
  else fill(body, ...shown.map((event) => rowOf(event, select)))
}

function rowOf(event: EventLine, select: (key: RecordKey) => void): HTMLElement {
  const { sequence, type, revision, time, id = '', key } = event
  return h('tr', { 'data-type': type, 'data-key': key, onclick: key === undefined ? undefined : () => select(key) },
    h('td', { class: 'number' }, String(sequence)),
    h('td', { class: 'number' }, `${(time / 1000).toFixed(3)} s`),
    h('td', { class: 'number' }, `r${revision}`),
    h('td', { class: 'type' }, type),
    h('td', { class: 'id', title: id }, shorten(id, 70)),
    h('td', { class: 'soft', title: event.text }, detailOf(event)))
}

function detailOf({ cause, duration, cutoff, by, text }: EventLine): string {
  const parts = [
    duration !== undefined && `${duration.toFixed(2)} ms`, cutoff === true && 'equal: cut off', cause !== undefined && `because: ${shorten(cause, 60)}`, by !== undefined && `by ${shorten(by, 60)}`, text !== undefined && shorten(text, 90),
  ]
  return parts.filter((part) => part !== false).join(' · ')
}
