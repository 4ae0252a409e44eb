import { expect, it } from 'vitest'
import type { Graph, Peer } from '../../bench/shapes/graph.js'
import { deep } from '../../bench/shapes/deep.js'
import { reference } from '../../bench/shapes/reference.js'
import { expectOutcome, outcomeOf } from '../../bench/shapes/verify.js'
import { signalPeers } from '../../bench/peers/signals/index.js'

const peers = Object.keys(signalPeers)
const load = async (name: string): Promise<Peer<unknown, unknown>> => (await (signalPeers[name] as () => Promise<unknown>)()) as Peer<unknown, unknown>

it('the reference runs each computation of a chain once a write', () => {
  const { sums, effects, runs } = outcomeOf(deep.build, reference)
  expect(runs).toEqual([2500, 2500, 2500])
  expect(effects).toEqual([50, 50, 50])
  expect(new Set(sums)).toEqual(new Set([50 * 50 + (50 * 51) / 2]))
})

it.each(peers)('%s does what the reference does', async (name) => {
  const peer = await load(name)
  expectOutcome(name, outcomeOf(deep.build, peer), outcomeOf(deep.build, reference), {})
})

/** Adds something to the peer's graphs. */
const changed = <Q, Node>(peer: Peer<Q, Node>, change: (graph: Graph<Q, Node>) => Partial<Graph<Q, Node>>): Peer<Q, Node> => ({
  open: () => {
    const graph = peer.open()
    const bound: Graph<Q, Node> = {
      signal: (value) => graph.signal(value), computed: (body, reads) => graph.computed(body, reads), watch: (node, callback) => graph.watch(node, callback),
      effect: (body, reads) => graph.effect(body, reads), get: (q, node) => graph.get(q, node), read: (node) => graph.read(node),
      set: (node, value) => graph.set(node, value), batch: (write) => graph.batch(write),
    }
    return { ...bound, ...change(graph) }
  },
})

it('a wrong value, a body that runs twice and an effect too many are found', () => {
  const expected = outcomeOf(deep.build, reference)
  const wrong = changed(reference, (graph) => ({ read: (node) => graph.read(node) + 1 }))
  const twice = changed(reference, (graph) => ({ computed: (body, reads) => graph.computed((q) => (body(q), body(q)), reads) }))
  const noisy = changed(reference, (graph) => ({ watch: (node, callback) => graph.watch(node, (value) => (callback(value), callback(value))) }))
  expect(() => expectOutcome('wrong', outcomeOf(deep.build, wrong), expected, {})).toThrow('sum')
  expect(() => expectOutcome('twice', outcomeOf(deep.build, twice), expected, {})).toThrow('bodies run')
  expect(() => expectOutcome('twice', outcomeOf(deep.build, twice), expected, { excess: 'known' })).not.toThrow()
  expect(() => expectOutcome('noisy', outcomeOf(deep.build, noisy), expected, {})).toThrow('effects run')
})
