/** Effects run when `stabilize` is called: after every write, and after every new effect. */
import { Reactive, stabilize } from '@reactively/core'
import type { Graph, Peer } from '../../shapes/graph.js'
import { type Ambient, bare } from './ambient.js'

type Node = Reactive<unknown>

const graph: Graph<Ambient, Node> = {
  signal: (value) => new Reactive<unknown>(value),
  computed: (body) => new Reactive<unknown>(bare(body)),
  watch: (node, callback) => {
    void new Reactive(() => callback(node.get()), true)
    stabilize()
  },
  effect: (body) => {
    void new Reactive(bare(body), true)
    stabilize()
  },
  get: (_, node) => node.get() as number,
  read: (node) => node.get() as number,
  set: (node, value) => {
    node.set(value)
    stabilize()
  },
  batch: (write) => {
    write((node, value) => node.set(value))
    stabilize()
  },
}

export const reactively: Peer<Ambient, Node> = { open: () => graph }
