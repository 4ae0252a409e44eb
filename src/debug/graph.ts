/**
 * The dependency graph of a view, as it was at one moment: who read what. Edges lead from the reader to what it read, so roots are what
 * nobody reads, and leaves what reads nothing: inputs, and queries that are constant.
 */
import { aCount, aDefinition, aFunction, check, checkOptions, oneOf, type Rule } from '../core/check.js'
import { type DebugKind, type DebugRecord, type DebugState, debugView, type Definition, describeValue, type View } from '../index.js'
import type { GraphEdge, GraphNode } from './graph-node.js'
import { comparator } from './order.js'
import { findPaths, type Paths, shortestPath } from './paths.js'
import { renderDot, renderMermaid } from './render.js'

/** How far to look around a node. */
export interface FocusOptions {
  /** How many edges away. Default 1. */
  readonly depth?: number
  /** Towards what it read, towards its readers, or both (default). */
  readonly direction?: 'dependencies' | 'dependents' | 'both'
}

/** A graph as plain data. */
export interface GraphJson {
  readonly revision: number
  readonly nodes: readonly { readonly key: string; readonly id: string; readonly definition: string; readonly args: readonly string[]; readonly kind: DebugKind; readonly state: DebugState; readonly changedAt: number }[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
}

const aNode: Rule = [(value) => typeof value === 'object' && value !== null && 'handle' in value, 'a node of the graph']

const noNodes: readonly GraphNode[] = Object.freeze([])

/**
 * Nodes are ordered by definition, then by arguments; edges by reader, then in the order first read. Making one takes time in proportion to what
 * the view holds (and sorting), and changes nothing.
 *
 * ```ts
 * const graph = DependencyGraph.from(db)
 * graph.toDot()
 * ```
 */
export class DependencyGraph {
  readonly revision: number
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  private readonly below = new Map<GraphNode, GraphNode[]>()
  private readonly above = new Map<GraphNode, GraphNode[]>()

  private constructor(revision: number, nodes: readonly GraphNode[], edges: readonly GraphEdge[]) {
    this.revision = revision
    this.nodes = nodes
    this.edges = edges
    for (const { from, to } of edges) {
      listIn(this.below, from).push(to)
      listIn(this.above, to).push(from)
    }
  }

  static from(view: View): DependencyGraph {
    const look = debugView(view).look()
    const records = look.records().toSorted(comparator)
    const nodes = records.map(nodeOf)
    const byHandle = new Map(nodes.map((node) => [node.handle, node]))
    const edges: GraphEdge[] = []
    for (const [i, { deps }] of records.entries()) {
      for (const { handle } of deps) {
        const to = byHandle.get(handle)
        if (to !== undefined) edges.push({ from: nodes[i] as GraphNode, to })
      }
    }
    return new DependencyGraph(look.revision, nodes, edges)
  }

  /** The node of an input or query; undefined where the view has none. */
  node(definition: Definition, ...args: readonly unknown[]): GraphNode | undefined {
    check('The first argument of node', definition, aDefinition('input', 'derived', 'source'))
    const length = args.findLastIndex((arg) => arg !== undefined) + 1
    const key = { definition: definition.name, kind: definition.kind, args: args.slice(0, length) }
    return this.nodes.find((node) => node.definition === definition.name && comparator(key, node) === 0)
  }

  /** The nodes of which `name(args)` is the id: one, unless ids had to be cut. */
  byId(id: string): readonly GraphNode[] {
    return this.nodes.filter((node) => node.id === id)
  }

  /** What nobody reads. */
  roots(): readonly GraphNode[] {
    return this.nodes.filter((node) => !this.above.has(node))
  }

  /** What reads nothing. */
  leaves(): readonly GraphNode[] {
    return this.nodes.filter((node) => !this.below.has(node))
  }

  /** What a node read, in the order first read. */
  dependencies(node: GraphNode): readonly GraphNode[] {
    return this.below.get(node) ?? noNodes
  }

  /** Who read a node. */
  dependents(node: GraphNode): readonly GraphNode[] {
    return this.above.get(node) ?? noNodes
  }

  /** A shortest way by which `from` depends on `to`, both included; null where it does not. Linear in the graph. */
  shortestPath(from: GraphNode, to: GraphNode): readonly GraphNode[] | null {
    for (const node of [from, to]) check('An end of the path', node, aNode)
    return shortestPath(this, from, to)
  }

  /** The ways by which `from` depends on `to`, none of them twice through one node; `limit` of them at most (default 100). */
  paths(from: GraphNode, to: GraphNode, options: { readonly limit?: number } = {}): Paths {
    for (const node of [from, to]) check('An end of the paths', node, aNode)
    checkOptions('paths: ', options, { limit: aCount })
    return findPaths(this, from, to, options.limit ?? 100)
  }

  /** The part of the graph around a node. */
  focus(node: GraphNode, options: FocusOptions = {}): DependencyGraph {
    check('What the focus is on', node, aNode)
    checkOptions('focus: ', options, { depth: aCount, direction: oneOf('dependencies', 'dependents', 'both') })
    const { depth = 1, direction = 'both' } = options
    const distance = new Map([[node, 0]])
    for (const [at, steps] of distance) {
      if (steps >= depth) continue
      const next = [...(direction === 'dependents' ? [] : this.dependencies(at)), ...(direction === 'dependencies' ? [] : this.dependents(at))]
      for (const other of next) if (!distance.has(other)) distance.set(other, steps + 1)
    }
    return this.filter((other) => distance.has(other))
  }

  /** The part of the graph that is wanted, and the edges within. */
  filter(isWanted: (node: GraphNode) => boolean): DependencyGraph {
    check('The argument of filter', isWanted, aFunction)
    const nodes = this.nodes.filter(isWanted)
    const kept = new Set(nodes)
    return new DependencyGraph(this.revision, nodes, this.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)))
  }

  /** For Graphviz. */
  toDot(): string {
    return renderDot(this)
  }

  /** A Mermaid flowchart. */
  toMermaid(): string {
    return renderMermaid(this)
  }

  toJSON(): GraphJson {
    return {
      revision: this.revision,
      nodes: this.nodes.map(({ key, id, definition, args, kind, state, changedAt }) => ({ key, id, definition, args: args.map((arg) => describeValue(arg)), kind, state, changedAt })),
      edges: this.edges.map(({ from, to }) => ({ from: from.key, to: to.key })),
    }
  }
}

function nodeOf({ id, definition, args, kind, state, changedAt, isWatched, handle }: DebugRecord, index: number): GraphNode {
  const isInput = kind !== 'derived' && kind !== 'live'
  return Object.freeze({ key: `n${index}`, id, definition, args, kind, isInput, state, changedAt, isWatched, handle })
}

function listIn(lists: Map<GraphNode, GraphNode[]>, node: GraphNode): GraphNode[] {
  const known = lists.get(node)
  if (known !== undefined) return known
  const list: GraphNode[] = []
  lists.set(node, list)
  return list
}
