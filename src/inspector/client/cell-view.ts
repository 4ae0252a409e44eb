/** One record: what it holds, why, and what it has to do with. */
import type { CellData, NodeLine, RecordKey } from '../protocol.js'
import { fill, h } from './dom.js'
import { colours } from './style.js'

interface Actions {
  select(key: RecordKey): void
  focus(key: RecordKey): void
}

const MOST_SHOWN = 200

export function renderCell(panel: Element, cell: CellData | null, actions: Actions, isRecorded: boolean): void {
  if (cell === null) {
    fill(panel, h('p', { class: 'empty' }, isRecorded ? 'A trace tells what happened to records, and holds none: what they were is gone.' : 'Choose a record in the graph, in the events, or by searching.'))
    return
  }
  const { id, kind, state, revision, stamp, changedAt, verifiedAt, value, explanation, dependencies, dependents } = cell
  const isQuery = kind === 'derived' || kind === 'live'
  const facts: [string, string][] = [['kind', kind], ['looked at', `revision ${revision}`], ['last changed', `revision ${changedAt}`], ...(isQuery ? [['last proved', verifiedAt < 0 ? 'never' : `revision ${verifiedAt}`] as [string, string]] : []), ['stamp', String(stamp)]]
  fill(panel,
    h('h3', { 'data-part': 'cell-id' }, id),
    h('span', { class: `badge state-${state}`, 'data-part': 'cell-state' }, colours[state].label), ' ',
    h('button', { onclick: () => actions.focus(cell.key) }, 'Focus'),
    h('dl', {}, ...facts.flatMap(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    h('h4', {}, 'Explanation'),
    h('pre', { 'data-part': 'explanation' }, explanation.trim()),
    h('h4', {}, 'Value'),
    value === undefined ? h('p', { class: 'soft' }, 'Values are withheld.') : h('pre', { 'data-part': 'value' }, value),
    ...listOf('Read', dependencies.map((dep) => ({ line: dep, note: dep.seen === null ? 'on its way' : dep.seen === dep.stamp ? '' : 'has changed' })), actions),
    ...listOf('Read by', dependents.map((line) => ({ line, note: '' })), actions))
}

function listOf(title: string, lines: readonly { readonly line: NodeLine; readonly note: string }[], actions: Actions): HTMLElement[] {
  if (lines.length === 0) return []
  const rows = lines.slice(0, MOST_SHOWN).map(({ line, note }) => h('li', {}, nodeRow(line, (key) => actions.select(key), note)))
  return [h('h4', {}, `${title} (${lines.length})`), h('ul', { 'data-part': title === 'Read' ? 'dependencies' : 'dependents' }, ...rows)]
}

/** A record as a line to click. */
export function nodeRow({ key, id, state }: NodeLine, select: (key: RecordKey) => void, note = ''): HTMLElement {
  return h('button', { class: 'row', 'data-key': key, onclick: () => select(key) },
    h('span', { class: `dot state-${state}`, title: colours[state].label }), h('span', { class: 'id' }, id), note !== '' && h('span', { class: 'soft' }, ` ${note}`))
}
