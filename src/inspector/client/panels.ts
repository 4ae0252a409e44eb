/**
 * The page. What the database tells goes into the model; each panel is drawn anew from it, at most once in a frame; the graph and the chosen
 * record are asked for again a moment after something ran.
 */
import type { Feed, NodeLine, RecordKey } from '../protocol.js'
import { nodeRow, renderCell } from './cell-view.js'
import { Chart } from './charts.js'
import { fill, h } from './dom.js'
import { groups, renderEvents } from './events-view.js'
import { GraphView } from './graph-view.js'
import { Model, type RevisionLine } from './model.js'
import { colours } from './style.js'
import { renderTimeline } from './timeline.js'
import { stateAfter } from './trace-feed.js'

/** How long after something ran the graph is asked for again; longer where it is large. */
const pauseFor = (size: number): number => (size > 1000 ? 1500 : 250)

/** What the page does with files. */
export interface Traces {
  /** Refuses, and changes nothing, where the file cannot be shown. */
  open(file: File): Promise<void>
  close(): void
}

export class App {
  private readonly feed: Feed
  private readonly traces: Traces
  private readonly model: Model
  private readonly parts = layout()
  private readonly graph: GraphView
  private readonly chart: Chart
  private readonly leave: () => void
  private readonly hidden = new Set(['validations', 'other'])
  private filterText = ''
  private selected: RecordKey | null = null
  private focus: RecordKey | null = null
  private chosen: RevisionLine | null = null
  private viewing: number | undefined
  private tab: 'events' | 'charts' | 'snapshots' = 'events'
  private frame = 0
  private refetch: ReturnType<typeof setTimeout> | null = null
  private asked = 0

  constructor(root: ShadowRoot, feed: Feed, traces: Traces) {
    this.feed = feed
    this.traces = traces
    this.model = new Model({ isBounded: feed.recording === undefined })
    root.append(this.parts.page)
    this.parts.name.textContent = feed.name
    this.graph = new GraphView(this.parts.canvas, (key) => void this.select(key))
    this.chart = new Chart(this.parts.chart, feed.recording)
    this.wire()
    this.tellRecording()
    this.leave = feed.subscribe((update) => {
      this.model.take(update)
      for (const { type, key } of update.events) {
        const state = stateAfter[type]
        if (key !== undefined && state !== undefined && this.viewing === undefined) this.graph.setState(key, state)
      }
      if (update.events.length > 0) this.later()
      this.draw()
    }, (isLost) => {
      this.parts.lost.hidden = !isLost
      if (!isLost) this.later()
    })
    this.showTab('events')
    renderCell(this.parts.cell, null, this.actions, feed.recording !== undefined)
    void this.reload()
  }

  stop(): void {
    this.leave()
    if (this.refetch !== null) clearTimeout(this.refetch)
    cancelAnimationFrame(this.frame)
    this.graph.destroy()
    this.chart.destroy()
    this.parts.page.remove()
  }

  show(isShown: boolean): void {
    this.parts.page.hidden = !isShown
    if (isShown) this.graph.fit()
    this.draw()
  }

  private tellRecording(): void {
    const { recording } = this.feed
    const { tabs, close, recorded } = this.parts
    for (const tab of tabs) if (tab.value === 'snapshots') tab.hidden = recording !== undefined
    close.hidden = recording === undefined
    recorded.hidden = recording === undefined
    if (recording !== undefined) recorded.textContent = `a trace of ${recording.events} events${recording.dropped > 0 ? `; ${recording.dropped} older ones were not kept` : ''}`
  }

  private async openTrace(): Promise<void> {
    const { file, refused } = this.parts
    const [chosen] = file.files ?? []
    if (chosen === undefined) return
    refused.hidden = true
    try {
      await this.traces.open(chosen)
    } catch (error) {
      refused.textContent = `${chosen.name}: ${error instanceof Error ? error.message : 'it cannot be shown.'}`
      refused.hidden = false
    }
    // The same file can be chosen again.
    file.value = ''
  }

  private readonly actions = {
    select: (key: RecordKey): void => void this.select(key, true),
    focus: (key: RecordKey): void => this.setFocus(key),
  }

  private wire(): void {
    const { search, depth, whole, fit, filter, back, take, tabs, open, file, close } = this.parts
    search.addEventListener('input', () => void this.find(search.value))
    search.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') void this.find('')
      if (key === 'Enter') this.parts.found.querySelector<HTMLElement>('button')?.click()
    })
    depth.addEventListener('change', () => void this.reload())
    whole.addEventListener('click', () => this.setFocus(null))
    fit.addEventListener('click', () => this.graph.fit())
    filter.addEventListener('input', () => {
      this.filterText = filter.value
      this.draw()
    })
    for (const box of this.parts.boxes) {
      box.addEventListener('change', () => {
        if (box.checked) this.hidden.delete(box.value)
        else this.hidden.add(box.value)
        this.draw()
      })
      box.checked = !this.hidden.has(box.value)
    }
    for (const tab of tabs) tab.addEventListener('click', () => this.showTab(tab.value as typeof this.tab))
    back.addEventListener('click', () => this.look(undefined))
    take.addEventListener('click', () => void this.feed.takeSnapshot())
    open.addEventListener('click', () => file.click())
    file.addEventListener('change', () => void this.openTrace())
    close.addEventListener('click', () => this.traces.close())
  }

  private showTab(tab: typeof this.tab): void {
    this.tab = tab
    const { tabs, events, chart, snapshots, filters } = this.parts
    for (const button of tabs) button.setAttribute('aria-selected', String(button.value === tab))
    events.hidden = tab !== 'events'
    filters.hidden = tab !== 'events'
    chart.hidden = tab !== 'charts'
    snapshots.hidden = tab !== 'snapshots'
    this.draw()
  }

  /** Draws what the model says, once in a frame. */
  private draw(): void {
    if (this.frame !== 0) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      const { model, parts } = this
      const totals = model.totals
      parts.revision.textContent = String(model.revision)
      if (totals !== undefined) {
        parts.runs.textContent = String(totals.runs)
        parts.kept.textContent = String(totals.hits + totals.joins + totals.validations)
        parts.jobs.textContent = String(totals.jobs)
      }
      renderTimeline(parts.timeline, model, this.feed.recording !== undefined, this.chosen?.revision ?? null, (line) => this.choose(line))
      if (this.tab === 'events') renderEvents(parts.rows, model.events, { hidden: this.hidden, text: this.filterText, revision: this.chosen?.revision ?? null }, this.actions.select)
      else if (this.tab === 'charts') this.chart.show(model.samples)
      else this.drawSnapshots()
    })
  }

  private drawSnapshots(): void {
    const rows = this.model.snapshots.map(({ id, revision, label }) => h('tr', { 'data-snapshot': id },
      h('td', { class: 'type' }, label), h('td', {}, `of revision ${revision}`),
      h('td', {}, h('button', { onclick: () => this.look(id) }, 'Look at it'), ' ', h('button', { onclick: () => void this.feed.travel(id), title: 'Writes the inputs of the snapshot, in one commit' }, 'Travel back'), ' ', h('button', { onclick: () => void this.drop(id) }, 'Let go'))))
    fill(this.parts.kept2, ...(rows.length > 0 ? rows : [h('tr', {}, h('td', { class: 'empty' }, 'No snapshots. One holds the present state for as long as you keep it.'))]))
  }

  private async drop(id: number): Promise<void> {
    if (this.viewing === id) this.look(undefined)
    await this.feed.dropSnapshot(id)
  }

  private look(snapshot: number | undefined): void {
    this.viewing = snapshot
    this.parts.viewing.hidden = snapshot === undefined
    this.parts.viewed.textContent = snapshot === undefined ? '' : `Looking at snapshot ${snapshot} `
    void this.reload()
  }

  /** A revision is chosen, or let go: what it reached is shown. */
  private choose(line: RevisionLine): void {
    this.chosen = this.chosen?.revision === line.revision ? null : line
    this.highlight()
    this.graph.fit(this.chosen !== null)
    this.draw()
  }

  private highlight(): void {
    if (this.chosen === null) {
      this.graph.highlight(null)
      return
    }
    const { inputs, reached, ran } = this.chosen
    const keysOf = (keys: Iterable<RecordKey | undefined>): RecordKey[] => [...keys].filter((key) => key !== undefined)
    this.graph.highlight(new Set([...inputs.flatMap(({ key }) => key ?? []), ...keysOf(reached.values()), ...keysOf(ran.values())]), new Set(keysOf(ran.values())))
  }

  private async select(key: RecordKey | null, move = false): Promise<void> {
    this.selected = key
    this.graph.select(key, move)
    await this.loadCell()
  }

  private setFocus(key: RecordKey | null): void {
    this.focus = key
    void this.reload().then(() => this.graph.fit())
  }

  private async find(text: string): Promise<void> {
    this.parts.search.value = text
    const asked = ++this.asked
    const found: readonly NodeLine[] = text === '' ? [] : await this.feed.search(text)
    if (asked !== this.asked) return
    fill(this.parts.found, ...found.map((line) => nodeRow(line, (key) => {
      void this.find('')
      this.setFocus(key)
      void this.select(key, true)
    })))
  }

  private later(): void {
    if (this.refetch !== null || this.viewing !== undefined) return
    this.refetch = setTimeout(() => {
      this.refetch = null
      void this.reload()
    }, pauseFor(this.graph.size))
  }

  /** Asks for the graph and the chosen record. What cannot be had shows when the connection is there again. */
  private async reload(): Promise<void> {
    try {
      const depth = Number(this.parts.depth.value)
      const data = await this.feed.graph({ ...(this.focus === null ? {} : { focus: this.focus, depth }), ...(this.viewing === undefined ? {} : { snapshot: this.viewing }) })
      this.graph.show(data)
      this.parts.size.textContent = data.total > data.nodes.length ? `the ${data.nodes.length} newest of ${data.total} records` : `${data.nodes.length} records, ${data.edges.length} reads${this.feed.recording === undefined ? '' : ' that runs tell of'}`
      this.parts.whole.hidden = this.focus === null
      this.highlight()
      await this.loadCell()
    } catch {
      this.parts.lost.hidden = false
    }
  }

  private async loadCell(): Promise<void> {
    const key = this.selected
    const cell = key === null ? null : await this.feed.cell(key, this.viewing)
    if (key === this.selected) renderCell(this.parts.cell, cell, this.actions, this.feed.recording !== undefined)
  }
}

/** The page without content. */
function layout() {
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
