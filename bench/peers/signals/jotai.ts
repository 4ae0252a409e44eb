import { type Atom, atom, createStore, type Getter, type PrimitiveAtom } from 'jotai/vanilla'
import type { Graph, Peer } from '../../shapes/graph.js'

type Node = Atom<unknown>
type Write = (set: (node: Node, value: number) => void) => void

class JotaiGraph implements Graph<Getter, Node> {
  private readonly store = createStore()
  private readonly writer = atom(null, (_get, set, write: Write) => write((node, value) => set(node as PrimitiveAtom<unknown>, value)))

  signal(value: number): Node {
    return atom<unknown>(value)
  }

  computed(body: (get: Getter) => unknown): Node {
    return atom(body)
  }

  watch(node: Node, callback: (value: unknown) => void): void {
    this.store.sub(node, () => callback(this.store.get(node)))
    callback(this.store.get(node))
  }

  effect(body: (get: Getter) => void): void {
    // An atom that is subscribed to runs when something it read has changed.
    this.store.sub(atom(body), () => {})
  }

  get(get: Getter, node: Node): number {
    return get(node) as number
  }

  read(node: Node): number {
    return this.store.get(node) as number
  }

  set(node: Node, value: number): void {
    this.store.set(node as PrimitiveAtom<unknown>, value)
  }

  batch(write: Write): void {
    this.store.set(this.writer, write)
  }
}

export const jotai: Peer<Getter, Node> = {
  open: () => new JotaiGraph(), excess: 'computations whose reads change from run to run may run more than once a write',
}
