/** The page without content. */
import { h } from './dom.js'
import { groups } from './events-view.js'
import { colours } from './style.js'

/** The elements of a page. */
export function layout() {
  const figure = (label: string, value: Node): HTMLElement => h('span', { class: 'figure' }, `${label} `, value)
  const option = (value: number): HTMLElement => h('option', { value, ...(value === 2 ? { selected: true } : {}) }, `${value} step${value === 1 ? '' : 's'} around`)
  const tab = (value: string, label: string): HTMLButtonElement => h('button', { role: 'tab', value }, label)
  const box = (value: string): HTMLInputElement => h('input', { type: 'checkbox', value })
  const boxes = [...Object.keys(groups), 'other'].map(box)
  const parts = {
    name: h('h1'), revision: h('b', { 'data-part': 'revision' }, '0'), runs: h('b', { 'data-part': 'runs' }, '0'), kept: h('b', {}, '0'), jobs: h('b', {}, '0'),
    lost: h('span', { class: 'lost', role: 'status', hidden: true }, 'Connection lost'), viewed: h('span'), back: h('button', {}, 'Back to the present'),
    open: h('button', {}, 'Open a trace'), file: h('input', { type: 'file', accept: '.json,application/json', 'aria-label': 'A trace, as JSON', hidden: true }), close: h('button', { hidden: true }, 'Close the trace'),
    recorded: h('span', { class: 'soft', 'data-part': 'recorded' }), refused: h('span', { class: 'refused', role: 'alert', hidden: true }),
    timeline: h('ol', { class: 'scroll', 'data-part': 'timeline' }), canvas: h('div', { class: 'canvas', 'data-part': 'graph' }),
    search: h('input', { type: 'search', placeholder: 'Search records…', 'aria-label': 'Search records' }), found: h('div', { class: 'found', 'data-part': 'found' }),
    depth: h('select', { 'aria-label': 'How far around the focus' }, ...[1, 2, 3, 5, 10].map(option)), whole: h('button', { hidden: true }, 'Show everything'), fit: h('button', {}, 'Fit'), size: h('span', { class: 'soft', 'data-part': 'size' }),
    cell: h('div', { class: 'body', 'data-part': 'cell' }), rows: h('tbody', { 'data-part': 'events' }), filter: h('input', { type: 'search', placeholder: 'Filter…', 'aria-label': 'Filter events' }), boxes,
    tabs: [tab('events', 'Events'), tab('charts', 'Charts'), tab('snapshots', 'Snapshots')], chart: h('div', { class: 'chart', 'data-part': 'chart' }), take: h('button', {}, 'Take a snapshot'), kept2: h('tbody', { 'data-part': 'snapshots' }),
  }
  const viewing = h('span', { class: 'viewing', hidden: true }, parts.viewed, parts.back)
  const events = h('div', { class: 'scroll' }, h('table', {}, parts.rows))
  const snapshots = h('div', { class: 'scroll' }, h('p', { class: 'empty', style: 'padding-bottom: 6px' }, parts.take), h('table', {}, parts.kept2))
  const filters = h('span', { class: 'filters' }, ...boxes.map((each) => h('label', {}, each, each.value)), parts.filter)
  const legend = h('span', { class: 'legend' }, ...(['ready', 'dirty', 'maybe', 'running', 'failed'] as const).map((state) => h('span', {}, h('i', { class: `dot state-${state}` }), colours[state].label)))
  const page = h('div', { class: 'inspector' },
    h('header', {}, parts.name, figure('revision', parts.revision), figure('runs', parts.runs), figure('kept', parts.kept), figure('on their way', parts.jobs), parts.recorded, h('span', { class: 'traces' }, parts.open, parts.file, ' ', parts.close), parts.refused, viewing, parts.lost),
    h('section', { class: 'timeline', 'aria-label': 'Revisions' }, h('h2', {}, 'Revisions'), parts.timeline),
    h('section', { class: 'graph', 'aria-label': 'Graph' }, h('div', { class: 'toolbar' }, parts.search, parts.found, parts.depth, parts.whole, parts.fit, parts.size), parts.canvas, legend),
    h('section', { class: 'cell', 'aria-label': 'Record' }, h('h2', {}, 'Record'), h('div', { class: 'scroll' }, parts.cell)),
    h('section', { class: 'below', 'aria-label': 'Events' }, h('div', { class: 'tabs', role: 'tablist' }, ...parts.tabs, filters), events, parts.chart, snapshots))
  return { ...parts, page, viewing, events, snapshots, filters }
}
