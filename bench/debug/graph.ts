/** The graph of a database, for each node: of 100 000 nodes, and of 10 000. Linear: about the same. */
import { createDatabase, type Database, derived, input } from 'pebre'
import { DependencyGraph } from 'pebre/debug'
import { contended, expectEqual, type Run, type Timed } from '../harness/workload.js'

/** A tenth of the nodes are inputs; each query reads an input and the query before it among ten. */
function open(nodes: number): Database {
  const x = input<[n: number], number>('x', { initial: 1 })
  const step = derived('step', (q, n: number): number => q.get(x, Math.floor(n / 9)) + (n % 9 === 0 ? 0 : q.get(before, n - 1)))
  const before: typeof step = step
  const db = createDatabase()
  for (let n = 0; n < (nodes * 9) / 10; n++) db.get(step, n)
  return db
}

/** Laps, so that every contender makes as many nodes. */
function graphs(nodes: number, laps: number): () => Run {
  return () => {
    const db = open(nodes)
    return () => {
      for (let lap = 0; lap < laps; lap++) expectEqual('graph', DependencyGraph.from(db).nodes.length, nodes)
    }
  }
}

export const graphOfMany: Timed = contended({
  name: 'graph, a node', group: 'debug', suite: 'debug', operations: 100_000, long: true,
  contenders: [{ peer: 'of 100 000', prepare: graphs(100_000, 1) }, { peer: 'of 10 000', prepare: graphs(10_000, 10) }],
})
