import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals-core'
import type { Graph, Peer } from '../../shapes/graph.js'
import { type Ambient, bare } from './ambient.js'

type Node = ReadonlySignal<unknown>

const set = (node: Node, value: number): void => {
  ;(node as Signal<unknown>).value = value
}

const graph: Graph<Ambient, Node> = {
  signal: (value) => signal<unknown>(value),
  computed: (body) => computed(bare(body)),
  watch: (node, callback) => {
    effect(() => {
      callback(node.value)
    })
  },
  effect: (body) => {
    effect(bare(body))
  },
  get: (_, node) => node.value as number,
  read: (node) => node.value as number,
  set,
  batch: (write) => batch(() => write(set)),
}

export const preact: Peer<Ambient, Node> = { open: () => graph }
