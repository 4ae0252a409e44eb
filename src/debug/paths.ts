/** Ways through a graph, without recursion: paths may be as long as the graph is deep. */
import type { GraphNode } from './graph-node.js'

export interface Paths {
  /** Each from one end to the other, both included. */
  readonly paths: readonly (readonly GraphNode[])[]
  /** There are more, or looking for them would have taken too long. */
  readonly truncated: boolean
}

interface Neighbours {
  dependencies(node: GraphNode): readonly GraphNode[]
  dependents(node: GraphNode): readonly GraphNode[]
}

export function shortestPath(graph: Neighbours, from: GraphNode, to: GraphNode): readonly GraphNode[] | null {
  const cameFrom = new Map<GraphNode, GraphNode | null>([[from, null]])
  for (const [node] of cameFrom) {
    if (node === to) return wayTo(node, cameFrom)
    for (const next of graph.dependencies(node)) if (!cameFrom.has(next)) cameFrom.set(next, node)
  }
  return null
}

function wayTo(end: GraphNode, cameFrom: ReadonlyMap<GraphNode, GraphNode | null>): GraphNode[] {
  const path: GraphNode[] = []
  for (let at: GraphNode | null = end; at !== null; at = cameFrom.get(at) ?? null) path.push(at)
  return path.toReversed()
}

/** A ring in the graph can hide many dead ends: this many steps for each path that is wanted. */
const STEPS = 100_000

/** Depth first, through nodes that lead to the end at all: in a graph without rings every step is part of a path. */
export function findPaths(graph: Neighbours, from: GraphNode, to: GraphNode, limit: number): Paths {
  const leads = new Set([to])
  for (const node of leads) for (const reader of graph.dependents(node)) leads.add(reader)
  const paths: GraphNode[][] = []
  if (!leads.has(from)) return { paths, truncated: false }
  const path = [from]
  const onPath = new Set(path)
  const rest = [choices(graph, from, to, leads)]
  let steps = 0
  if (from === to && limit > 0) paths.push([from])
  else if (from === to) return { paths, truncated: true }
  while (rest.length > 0) {
    const next = rest.at(-1)?.pop()
    if (next === undefined) {
      rest.pop()
      onPath.delete(path.pop() as GraphNode)
      continue
    }
    if (onPath.has(next)) continue
    if (++steps > STEPS * (limit + 1)) return { paths, truncated: true }
    if (next === to) {
      if (paths.length >= limit) return { paths, truncated: true }
      paths.push([...path, next])
      continue
    }
    path.push(next)
    onPath.add(next)
    rest.push(choices(graph, next, to, leads))
  }
  return { paths, truncated: false }
}

/** Where to go on from a node, the first last. Nothing leads on from the end. */
function choices(graph: Neighbours, node: GraphNode, to: GraphNode, leads: ReadonlySet<GraphNode>): GraphNode[] {
  if (node === to) return []
  return graph.dependencies(node).filter((next) => leads.has(next)).toReversed()
}
