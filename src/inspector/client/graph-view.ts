/** The graph, drawn. */
import cytoscape, { type Core, type ElementDefinition, type NodeSingular, type StylesheetJson } from 'cytoscape'
import dagre from 'cytoscape-dagre'
import type { DebugState } from '../../index.js'
import type { GraphData, NodeLine, RecordKey } from '../protocol.js'
import { shorten } from './dom.js'
import { layered } from './layout.js'
import { colours } from './style.js'

cytoscape.use(dagre)

/** From here on the layout is the compact one; and edges are drawn without arrows. */
const COMPACT = 120
const MANY = 400

const idOf = (key: RecordKey): string => `n${key}`
const edgeId = (from: RecordKey, to: RecordKey): string => `${from}>${to}`

export class GraphView {
  private readonly cy: Core
  private nodes = new Map<RecordKey, NodeLine>()
  private edges = new Set<string>()
  private highlighted: ReadonlySet<RecordKey> | null = null
  private ran: ReadonlySet<RecordKey> = new Set()
  private selected: RecordKey | null = null

  constructor(container: HTMLElement, select: (key: RecordKey | null) => void) {
    this.cy = cytoscape({ container, style: styles(matchMedia('(prefers-color-scheme: dark)').matches), minZoom: 0.02, maxZoom: 3, pixelRatio: 'auto', textureOnViewport: false, hideEdgesOnViewport: true, autoungrabify: true, boxSelectionEnabled: false })
    this.cy.on('tap', (event) => {
      const target: unknown = event.target
      if (target === this.cy) select(null)
      else if ((target as NodeSingular).isNode()) select((target as NodeSingular).data('key') as RecordKey)
    })
  }

  /** How many nodes are drawn. */
  get size(): number {
    return this.nodes.size
  }

  /** Draws another graph, or what has become of the same. Places change only where nodes have come or gone. */
  show({ nodes, edges }: GraphData): void {
    const next = new Map(nodes.map((node) => [node.key, node]))
    const nextEdges = new Map(edges.map(([from, to]) => [edgeId(from, to), { from, to }]))
    const isSame = next.size === this.nodes.size && nodes.every(({ key }) => this.nodes.has(key))
    const added: ElementDefinition[] = []
    this.cy.batch(() => {
      for (const key of this.nodes.keys()) if (!next.has(key)) this.cy.getElementById(idOf(key)).remove()
      for (const id of this.edges) if (!nextEdges.has(id)) this.cy.getElementById(id).remove()
      for (const node of nodes) {
        if (!this.nodes.has(node.key)) added.push({ group: 'nodes', data: dataOf(node), classes: classesOf(node) })
        else this.paint(node)
      }
      for (const [id, { from, to }] of nextEdges) if (!this.edges.has(id) || this.cy.getElementById(id).empty()) added.push({ group: 'edges', data: { id, source: idOf(from), target: idOf(to) } })
      this.cy.add(added)
    })
    this.nodes = next
    this.edges = new Set(nextEdges.keys())
    if (!isSame) this.arrange(edges)
    this.mark()
  }

  /** A state that is known before the next graph comes. */
  setState(key: RecordKey, state: DebugState): void {
    const node = this.nodes.get(key)
    if (node === undefined || node.state === state) return
    const now = { ...node, state }
    this.nodes.set(key, now)
    this.paint(now)
  }

  /** Draws attention to some nodes, and more to those of them that ran; null: to none. */
  highlight(keys: ReadonlySet<RecordKey> | null, ran: ReadonlySet<RecordKey> = new Set()): void {
    this.highlighted = keys
    this.ran = ran
    this.mark()
  }

  select(key: RecordKey | null, move: boolean): void {
    this.selected = key
    this.mark()
    const node = key === null ? null : this.cy.getElementById(idOf(key))
    if (move && node !== null && node.nonempty()) this.cy.animate({ center: { eles: node }, duration: 150 })
  }

  /** Moves to all nodes, or to those that stand out. */
  fit(highlighted = false): void {
    this.cy.resize()
    const wanted = highlighted ? this.cy.nodes().not('.far') : this.cy.elements()
    this.cy.fit(wanted.nonempty() ? wanted : undefined, highlighted ? 80 : 30)
    if (this.cy.zoom() > 1.2) this.cy.zoom({ level: 1.2, renderedPosition: { x: this.cy.width() / 2, y: this.cy.height() / 2 } })
  }

  destroy(): void {
    this.cy.destroy()
  }

  private paint(node: NodeLine): void {
    const element = this.cy.getElementById(idOf(node.key))
    const classes = classesOf(node)
    const kept = ['chosen', 'near', 'far', 'ran'].filter((name) => element.hasClass(name))
    element.classes([...classes, ...kept])
  }

  private arrange(edges: GraphData['edges']): void {
    const keys = [...this.nodes.keys()]
    this.cy.edges().toggleClass('plain', keys.length > MANY)
    if (keys.length > COMPACT) {
      const places = layered(keys, edges)
      this.cy.layout({ name: 'preset', positions: (node) => places.get((node as unknown as NodeSingular).data('key') as RecordKey) ?? { x: 0, y: 0 }, fit: false }).run()
    } else {
      const options = { name: 'dagre', rankDir: 'RL', ranker: 'tight-tree', nodeSep: 10, rankSep: 34, edgeSep: 4, fit: false, animate: false }
      this.cy.layout(options).run()
    }
    this.fit()
  }

  /** What is chosen stands out, what has to do with it stays, the rest steps back. */
  private mark(): void {
    const { cy, selected, highlighted } = this
    cy.batch(() => {
      cy.elements().removeClass('chosen near far ran')
      cy.nodes().filter((node) => this.ran.has(node.data('key') as RecordKey)).addClass('ran')
      const chosen = selected === null ? cy.collection() : cy.getElementById(idOf(selected))
      if (highlighted !== null) {
        const wanted = cy.nodes().filter((node) => highlighted.has(node.data('key') as RecordKey))
        if (wanted.nonempty()) cy.elements().not(wanted).not(wanted.edgesWith(wanted)).not(chosen).addClass('far')
      } else if (chosen.nonempty()) {
        const near = chosen.closedNeighborhood()
        near.addClass('near')
        cy.elements().not(near).addClass('far')
      }
      chosen.addClass('chosen')
    })
  }
}

function dataOf({ key, id }: NodeLine): ElementDefinition['data'] {
  const label = shorten(id, 26)
  return { id: idOf(key), key, label, width: 18 + label.length * 6.4 }
}

function classesOf({ kind, state, isWatched }: NodeLine): string[] {
  return [state, kind === 'derived' || kind === 'live' ? 'query' : 'input', ...(isWatched ? ['watched'] : [])]
}

function styles(dark: boolean): StylesheetJson {
  const line = dark ? '#5b6372' : '#b4bac6'
  return [
    {
      selector: 'node',
      style: {
        shape: 'round-rectangle', width: 'data(width)', height: 24, label: 'data(label)', 'font-size': 11, 'font-family': 'ui-monospace, monospace', 'text-valign': 'center', 'text-halign': 'center', color: '#1d2129',
        'border-width': 1.5, 'min-zoomed-font-size': 5,
      },
    },
    { selector: 'node.input', style: { shape: 'rectangle', 'border-style': 'dashed' } },
    { selector: 'node.watched', style: { 'border-width': 3 } },
    ...Object.entries(colours).map(([state, { fill, line: edge }]) => ({ selector: `node.${state}`, style: { 'background-color': fill, 'border-color': edge } })),
    { selector: 'edge', style: { width: 1.2, 'line-color': line, 'curve-style': 'bezier', 'source-arrow-shape': 'triangle', 'source-arrow-color': line, 'arrow-scale': 0.8 } },
    { selector: 'edge.plain', style: { 'curve-style': 'haystack', 'source-arrow-shape': 'none', width: 0.8, opacity: 0.3 } },
    { selector: 'node.ran', style: { 'border-width': 4, 'border-color': '#1f4f9e' } },
    { selector: '.far', style: { opacity: 0.25 } },
    { selector: 'edge.near', style: { 'line-color': '#2f6fd0', 'source-arrow-color': '#2f6fd0', width: 2 } },
    { selector: 'node.chosen', style: { 'border-width': 4, 'border-color': '#2f6fd0', 'border-style': 'solid' } },
  ]
}
