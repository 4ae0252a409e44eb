import { computed, effect, signal } from 'alien-signals'
import type { Graph, Peer } from '../shapes/graph.js'

/** A signal called without arguments reads, with one writes. */
interface Accessor {
  (): unknown
  (value: number): void
}

const graph: Graph<null, Accessor> = {
  signal: (value) => signal<unknown>(value),
  computed: (body) => computed(() => body(null)),
  watch: (node, callback) => {
    effect(() => {
      callback(node())
    })
  },
  get: (_, node) => node() as number,
  read: (node) => node() as number,
  set: (node, value) => node(value),
}

export const alienSignals: Peer<null, Accessor> = { name: 'alien-signals', open: () => graph }
