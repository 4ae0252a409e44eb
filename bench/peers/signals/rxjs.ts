/** Subjects that hold the latest value, fed by the latest values of what they are made from. */
import { BehaviorSubject, combineLatest, distinctUntilChanged, map, type Observable } from 'rxjs'
import type { Graph, Peer } from '../../shapes/graph.js'

type Node = BehaviorSubject<unknown>

/** Emits whenever one of several has emitted; one alone needs no operator. */
const anyOf = (reads: readonly Node[]): Observable<unknown> => (reads.length === 1 ? (reads[0] as Node) : combineLatest(reads as Node[]))

const set = (node: Node, value: number): void => {
  if (node.value !== value) node.next(value)
}

const graph: Graph<null, Node> = {
  signal: (value) => new BehaviorSubject<unknown>(value),
  computed: (body, reads) => {
    const node = new BehaviorSubject<unknown>(undefined)
    const values = anyOf(reads).pipe(map(() => body(null)), distinctUntilChanged())
    values.subscribe(node)
    return node
  },
  watch: (node, callback) => {
    node.pipe(distinctUntilChanged()).subscribe(callback)
  },
  effect: (body, reads) => {
    if (reads.length === 0) body(null)
    else anyOf(reads).subscribe(() => body(null))
  },
  get: (_, node) => node.value as number,
  read: (node) => node.value as number,
  set,
  batch: (write) => write(set),
}

export const rxjs: Peer<null, Node> = { open: () => graph, excess: 'bodies and effects run once for each way from the signal written' }
