import { autorun, computed, type IComputedValue, type IObservableValue, observable, runInAction } from 'mobx'
import type { Graph, Peer } from '../../shapes/graph.js'
import { type Ambient, bare } from './ambient.js'

type Node = IObservableValue<unknown> | IComputedValue<unknown>

const set = (node: Node, value: number): void => {
  ;(node as IObservableValue<unknown>).set(value)
}

const graph: Graph<Ambient, Node> = {
  signal: (value) => observable.box<unknown>(value, { deep: false }),
  computed: (body) => computed(bare(body)),
  watch: (node, callback) => {
    autorun(() => {
      callback(node.get())
    })
  },
  effect: (body) => {
    autorun(bare(body))
  },
  get: (_, node) => node.get() as number,
  read: (node) => node.get() as number,
  set: (node, value) => runInAction(() => set(node, value)),
  batch: (write) => runInAction(() => write(set)),
}

export const mobx: Peer<Ambient, Node> = { open: () => graph }
