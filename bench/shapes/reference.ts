/**
 * What every library must do, in the plainest way: a computation runs if something its last run read has changed since.
 * It is never measured; the sums and the numbers of runs of the others are compared with its own.
 */
import type { Graph, Peer } from './graph.js'

interface Node {
  value: unknown
  /** Counts the changes of the value. */
  version: number
  /** After how many writes it was last refreshed. */
  refreshedAt: number
  readonly body: ((reader: Node) => unknown) | null
  /** What the last run read, in order, and the versions it saw. */
  read: Map<Node, number>
}

interface Watch {
  readonly node: Node
  version: number
  readonly callback: (value: unknown) => void
}

export const reference: Peer<Node, Node> = { open: () => new Reference() }

class Reference implements Graph<Node, Node> {
  private writes = 0
  private readonly watches: Watch[] = []

  signal(value: number): Node {
    return { value, version: 1, refreshedAt: 0, body: null, read: new Map() }
  }

  computed(body: (reader: Node) => unknown): Node {
    return { value: undefined, version: 0, refreshedAt: -1, body, read: new Map() }
  }

  watch(node: Node, callback: (value: unknown) => void): void {
    callback(this.refresh(node))
    this.watches.push({ node, version: node.version, callback })
  }

  effect(body: (reader: Node) => void): void {
    // An effect has no value that could stay equal.
    const run = (reader: Node): unknown => [body(reader)]
    this.watch(this.computed(run), () => {})
  }

  get(reader: Node, node: Node): number {
    const value = this.refresh(node)
    reader.read.set(node, node.version)
    return value as number
  }

  read(node: Node): number {
    return this.refresh(node) as number
  }

  set(node: Node, value: number): void {
    this.store(node, value)
    this.tell()
  }

  batch(write: (set: (node: Node, value: number) => void) => void): void {
    write((node, value) => this.store(node, value))
    this.tell()
  }

  private store(node: Node, value: number): void {
    if (Object.is(node.value, value)) return
    this.writes++
    node.value = value
    node.version++
  }

  private tell(): void {
    for (const watch of this.watches) {
      this.refresh(watch.node)
      if (watch.node.version === watch.version) continue
      watch.version = watch.node.version
      watch.callback(watch.node.value)
    }
  }

  private refresh(node: Node): unknown {
    if (node.body === null || node.refreshedAt === this.writes) return node.value
    if (node.version === 0 || !this.holds(node)) {
      node.read = new Map()
      const value = node.body(node)
      if (node.version === 0 || !Object.is(value, node.value)) node.version++
      node.value = value
    }
    node.refreshedAt = this.writes
    return node.value
  }

  private holds(node: Node): boolean {
    for (const [below, version] of node.read) {
      this.refresh(below)
      if (below.version !== version) return false
    }
    return true
  }
}
