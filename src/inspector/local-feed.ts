/**
 * A database as the inspector's page sees it. It listens and counts only while somebody looks, and keeps nothing of values: what is shown
 * is read and described at the moment it is asked for.
 */
import { aFlag, checkOptions, type Rule } from '../core/check.js'
import { DependencyGraph, explainHandle } from '../debug/index.js'
import { type DebugRecord, debugView, type DebugView, describeValue, eventCategories, type RuntimeEvent, type Snapshot, type View } from '../index.js'
import { eventLine, nodeLine, RecordKeys } from './lines.js'
import type { CellData, Feed, GraphData, GraphWish, NodeLine, RecordKey, SnapshotLine, Update } from './protocol.js'

export interface FeedOptions {
  /** What the page calls the database. */
  readonly name?: string
  /** Whether values and error messages are shown. Default: yes. */
  readonly values?: boolean
}

/** How often the page is told, and how much it is told and shown at once. */
const PAUSE = 100
const MOST_EVENTS = 5000
const MOST_NODES = 5000
const MOST_FOUND = 50

const aString: Rule = [(value) => typeof value === 'string', 'a string']

type Take = (update: Update) => void

export class LocalFeed implements Feed {
  readonly name: string
  private readonly view: View
  private readonly door: DebugView
  private readonly values: boolean
  private readonly keys = new RecordKeys()
  private readonly readers = new Set<Take>()
  private readonly snapshots = new Map<number, { readonly view: Snapshot; readonly line: SnapshotLine }>()
  private lastSnapshot = 0
  private fresh: RuntimeEvent[] = []
  private dropped = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private detach: (() => void) | null = null

  /** @throws InvalidDefinitionError */
  constructor(view: View, options: FeedOptions = {}) {
    checkOptions('The inspector: ', options, { name: aString, values: aFlag })
    const { name = 'database', values = true } = options
    this.view = view
    this.door = debugView(view)
    this.name = name
    this.values = values
  }

  subscribe(take: Take): () => void {
    if (this.readers.size === 0) this.attach()
    // What happened before is for those who were there.
    this.flush()
    this.readers.add(take)
    take(this.update([], 0))
    return () => {
      if (this.readers.delete(take) && this.readers.size === 0) this.stop()
    }
  }

  /** Ends everything, snapshots too. */
  close(): void {
    this.readers.clear()
    this.stop()
    for (const { view } of this.snapshots.values()) view.dispose()
    this.snapshots.clear()
  }

  async graph({ focus, depth = 2, snapshot }: GraphWish): Promise<GraphData> {
    const whole = DependencyGraph.from(this.at(snapshot))
    const handle = focus === undefined ? undefined : this.keys.handle(focus)
    const centre = handle === undefined ? undefined : whole.nodes.find((node) => node.handle === handle)
    const wanted = centre === undefined ? whole : whole.focus(centre, { depth })
    const shown = wanted.nodes.length <= MOST_NODES ? wanted : newest(wanted)
    return {
      revision: whole.revision, total: wanted.nodes.length, nodes: shown.nodes.map((node) => nodeLine(this.keys, node)),
      edges: shown.edges.map(({ from, to }) => [this.keys.of(from.handle), this.keys.of(to.handle)]),
    }
  }

  async search(text: string): Promise<readonly NodeLine[]> {
    const wanted = text.toLowerCase()
    const found: NodeLine[] = []
    for (const record of this.door.look().records()) {
      if (!record.id.toLowerCase().includes(wanted)) continue
      found.push(nodeLine(this.keys, record))
      if (found.length >= MOST_FOUND) break
    }
    return found
  }

  async cell(key: RecordKey, snapshot?: number): Promise<CellData | null> {
    const handle = this.keys.handle(key)
    if (handle === undefined) return null
    const view = this.at(snapshot)
    const look = debugView(view).look()
    const record = look.get(handle)
    if (record === null) return null
    const { definition, args, stamp, changedAt, verifiedAt } = record
    const dependencies = record.deps.slice(0, MOST_NODES).flatMap(({ handle: at, seen }) => {
      const dep = look.get(at)
      return dep === null ? [] : [{ ...nodeLine(this.keys, dep), seen, stamp: dep.stamp }]
    })
    const dependents = look.records().filter(({ deps }) => deps.some((dep) => dep.handle === handle)).slice(0, MOST_NODES)
    return {
      ...nodeLine(this.keys, record), definition, args: args.map((arg) => describeValue(arg)), revision: look.revision, stamp, changedAt, verifiedAt,
      ...(this.values ? { value: valueOf(record) } : {}),
      explanation: explainHandle(view, handle)?.format({ values: this.values }) ?? '',
      dependencies, dependents: dependents.map((at) => nodeLine(this.keys, at)),
    }
  }

  async takeSnapshot(): Promise<void> {
    const view = this.view.snapshot()
    const id = ++this.lastSnapshot
    this.snapshots.set(id, { view, line: { id, revision: view.revision, label: `snapshot ${id}` } })
    this.soon()
  }

  async dropSnapshot(id: number): Promise<void> {
    this.snapshots.get(id)?.view.dispose()
    this.snapshots.delete(id)
    this.soon()
  }

  async travel(id: number): Promise<void> {
    const found = this.snapshots.get(id)
    if (found === undefined) throw new RangeError(`There is no snapshot ${id}.`)
    this.view.restore(found.view)
  }

  /** The view that is looked at. A snapshot that is gone shows the present. */
  private at(snapshot: number | undefined): View {
    return (snapshot === undefined ? undefined : this.snapshots.get(snapshot)?.view) ?? this.view
  }

  private attach(): void {
    const endCount = this.door.count()
    const endTap = this.door.tap(eventCategories.filter((category) => category !== 'hit' && category !== 'join'), (event) => {
      if (this.fresh.length < MOST_EVENTS) this.fresh.push(event)
      else this.dropped++
      this.soon()
    })
    this.detach = () => (endTap(), endCount())
  }

  private stop(): void {
    this.detach?.()
    this.detach = null
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.fresh = []
    this.dropped = 0
  }

  private soon(): void {
    if (this.timer !== null || this.readers.size === 0) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.flush()
    }, PAUSE)
    // In Node: the inspector keeps no process alive.
    const timer = this.timer as unknown
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer.unref as () => void).call(timer)
  }

  private flush(): void {
    if (this.readers.size === 0) return
    const { fresh, dropped } = this
    this.fresh = []
    this.dropped = 0
    const update = this.update(fresh, dropped)
    for (const take of this.readers) take(update)
  }

  private update(events: readonly RuntimeEvent[], dropped: number): Update {
    const look = this.door.look()
    return {
      revision: look.revision, time: performance.now(), events: events.map((event) => eventLine(this.keys, look, event, this.values)), dropped, totals: this.door.totals(),
      snapshots: Array.from(this.snapshots.values(), ({ line }) => line),
    }
  }
}

/** The nodes that changed last. */
function newest(graph: DependencyGraph): DependencyGraph {
  const kept = new Set(graph.nodes.toSorted((a, b) => b.changedAt - a.changedAt).slice(0, MOST_NODES))
  return graph.filter((node) => kept.has(node))
}

function valueOf({ outcome }: DebugRecord): string {
  if (outcome === null) return 'nothing'
  return 'error' in outcome ? `failed: ${describeValue(outcome.error, 2000)}` : describeValue(outcome.value, 2000)
}
