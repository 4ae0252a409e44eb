import { computed, effect, endBatch, signal, startBatch } from 'alien-signals'
import type { Graph, Peer } from '../../shapes/graph.js'
import { type Ambient, bare } from './ambient.js'

/** A signal called without arguments reads, with one writes. */
interface Accessor {
  (): unknown
  (value: number): void
}

const set = (node: Accessor, value: number): void => node(value)

const graph: Graph<Ambient, Accessor> = {
  signal: (value) => signal<unknown>(value),
  computed: (body) => computed(bare(body)),
  watch: (node, callback) => {
    effect(() => {
      callback(node())
    })
  },
  effect: (body) => {
    effect(bare(body))
  },
  get: (_, node) => node() as number,
  read: (node) => node() as number,
  set,
  batch: (write) => {
    startBatch()
    write(set)
    endBatch()
  },
}

export const alienSignals: Peer<Ambient, Accessor> = { open: () => graph }
