/** The graph of a view: what is in it, in which order, and how it is drawn. */
import { execFileSync, spawnSync } from 'node:child_process'
import { instance } from '@viz-js/viz'
import { type Random, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, type Derived, input } from '../../src/index.js'
import { DependencyGraph, type GraphNode } from '../../src/debug/index.js'
import { forSeeds } from '../support/random.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const total = derived('total', (q, ...paths: string[]) => paths.reduce((sum, path) => sum + q.get(size, path), 0))

const lines = (graph: DependencyGraph): string[] => graph.edges.map(({ from, to }) => `${from.id} -> ${to.id}`)
const ids = (nodes: readonly GraphNode[]): string[] => nodes.map(({ id }) => id)

function small(): Database {
  const db = createDatabase()
  db.set(file, 'b', 'bb')
  db.set(file, 'a', 'a')
  db.get(total, 'b', 'a')
  return db
}

describe('the graph of a view', () => {
  it('[DBG-1] has a node for each record, inputs marked, and an edge for each read, in the order read', () => {
    const graph = DependencyGraph.from(small())
    expect(graph.nodes.map(({ id, isInput, state }) => [id, isInput, state])).toEqual([
      ['file(a)', true, 'ready'], ['file(b)', true, 'ready'], ['size(a)', false, 'ready'], ['size(b)', false, 'ready'], ['total(b, a)', false, 'ready'],
    ])
    expect(lines(graph)).toEqual(['size(a) -> file(a)', 'size(b) -> file(b)', 'total(b, a) -> size(b)', 'total(b, a) -> size(a)'])
    expect(graph.node(total, 'b', 'a')?.args).toEqual(['b', 'a'])
    expect(graph.node(total, 'b')).toBeUndefined()
    expect(ids(graph.byId('file(a)'))).toEqual(['file(a)'])
  })

  it('[DBG-1] is the same whatever the order in which things were made', () => {
    const other = createDatabase()
    other.get(size, 'b')
    other.set(file, 'a', 'a')
    other.get(size, 'a')
    other.set(file, 'b', 'bb')
    other.get(total, 'b', 'a')
    const [one, two] = [DependencyGraph.from(small()), DependencyGraph.from(other)]
    expect([two.toDot(), two.toMermaid(), lines(two), ids(two.nodes)]).toEqual([one.toDot(), one.toMermaid(), lines(one), ids(one.nodes)])
    const numbers = derived('n', (_q, n: unknown) => n)
    const mixed = [10, 9, '9', true, null, 3n, NaN, { b: 1 }, -1, 'Z', 'a']
    const orders = [mixed, mixed.toReversed()].map((list) => {
      const db = createDatabase()
      for (const n of list) db.get(numbers, n)
      return ids(DependencyGraph.from(db).nodes)
    })
    expect(orders[0]).toEqual(['n(null)', 'n(true)', 'n(NaN)', 'n(-1)', 'n(9)', 'n(10)', 'n(3n)', 'n("9")', 'n(Z)', 'n(a)', 'n({b: 1})'])
    expect(orders[1]).toEqual(orders[0])
  })

  it('[DBG-1] shows what is absent and read, sets of keys, invalidations and live queries', () => {
    const db = createDatabase()
    const names = derived('names', (q) => q.keys(file).length + q.entries(file).size + q.get(size, 'none'))
    db.set(file, 'a', 'a')
    db.get(names)
    db.set(file, 'gone', 'x')
    db.remove(file, 'gone')
    db.invalidate(names)
    const subscription = db.live((q) => q.get(names)).subscribe()
    expect(DependencyGraph.from(db).nodes.map(({ id, kind, state }) => `${kind} ${id} ${state}`)).toEqual([
      'invalidation invalidation of names() ready', 'entries entries of file ready', 'input file(a) ready', 'input file(none) absent', 'keys keys of file ready', 'live live() ready', 'derived names() ready', 'derived size(none) ready',
    ])
    subscription.unsubscribe()
    expect(ids(DependencyGraph.from(db).nodes)).not.toContain('live()')
  })

  it('[DBG-1] tells dirty, perhaps dirty, failed and running apart', async () => {
    const db = createDatabase()
    const text = derived('text', (q) => `${q.get(size, 'a')}`)
    const fails = derived('fails', () => { throw new Error('no') })
    const slow = derived('slow', async (q) => (await new Promise<void>((resolve) => { open = resolve }), q.get(size, 'a')))
    let open = (): void => {}
    db.get(text)
    db.set(file, 'a', 'x')
    try {
      db.get(fails)
    } catch {}
    const pending = db.get(slow)
    const states = () => Object.fromEntries(DependencyGraph.from(db).nodes.map(({ id, state }) => [id, state]))
    expect(states()).toMatchObject({ 'size(a)': 'dirty', 'text()': 'maybe', 'fails()': 'failed', 'slow()': 'running' })
    open()
    await pending
    expect(states()).toMatchObject({ 'size(a)': 'ready', 'text()': 'maybe', 'slow()': 'ready' })
  })

  it('[DBG-1] of a snapshot is as it was, and of a snapshot that was written to its own', () => {
    const db = small()
    const before = DependencyGraph.from(db)
    const snapshot = db.snapshot()
    const fork = db.snapshot()
    db.set(file, 'a', 'aaa')
    db.get(total, 'b', 'a')
    db.get(total, 'a')
    db.set(file, 'c', 'c')
    expect(DependencyGraph.from(snapshot).toJSON()).toEqual({ ...before.toJSON(), revision: 2 })
    fork.set(file, 'b', 'x')
    expect(DependencyGraph.from(fork).nodes.map(({ id, state }) => `${id} ${state}`)).toEqual(['file(a) ready', 'file(b) ready', 'size(a) ready', 'size(b) maybe', 'total(b, a) maybe'])
    fork.get(total, 'b', 'a')
    expect(DependencyGraph.from(fork).nodes.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'ready'))
    expect(snapshot.get(total, 'b', 'a')).toBe(3)
    snapshot.dispose()
    fork.dispose()
  })

  it('[DBG-1] what runs in a snapshot has an edge for each read so far, whether or not the head runs it too', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      q.get(file, 'a')
      await stops.at('slow')
      return q.get(size, 'b')
    })
    const db = small()
    // The first may use the edges of the head; the last one finds them in use.
    const first = db.snapshot()
    db.set(file, 'a', 'xx')
    const last = db.snapshot()
    db.set(file, 'a', 'yyy')
    for (const asked of [[first], [db, last]]) {
      const answers = asked.map((view) => view.get(slow))
      for (const view of asked) {
        const graph = DependencyGraph.from(view)
        expect([graph.node(slow)?.state, graph.edges.filter(({ from }) => from.id === 'slow()').map(({ to }) => to.id)]).toEqual(['running', ['file(a)']])
      }
      await stops.openAll()
      expect(await Promise.all(answers)).toEqual(asked.map(() => 2))
    }
    first.dispose()
    last.dispose()
  })

  it('[DBG-1] focus is what lies within some steps', () => {
    const graph = DependencyGraph.from(small())
    const middle = graph.node(size, 'a') as GraphNode
    expect(ids(graph.focus(middle).nodes)).toEqual(['file(a)', 'size(a)', 'total(b, a)'])
    expect(ids(graph.focus(middle, { direction: 'dependencies' }).nodes)).toEqual(['file(a)', 'size(a)'])
    expect(ids(graph.focus(middle, { depth: 2 }).nodes)).toEqual(['file(a)', 'size(a)', 'size(b)', 'total(b, a)'])
    expect(lines(graph.focus(middle, { depth: 0 }))).toEqual([])
  })
})

/** Texts that break what quotes badly. */
const hostile = ['"', '\\', '\\"', 'a"b\\', 'line\nbreak', '{a|b}', '<b>', '1_ab12', '', '__proto__', 'constructor', '&amp;', '&quot;', '\\n', '\\N', '\\G', '--', '->', ';', ']', '\u0000', '\u2028', '\uD800', 'é', 'e\u0301', '/*', '//', '#', '日本', 'graph', 'x'.repeat(1_000_000)]

interface Drawn {
  readonly objects?: readonly { readonly name: string; readonly label: string }[]
  readonly edges?: readonly { readonly tail: number; readonly head: number }[]
}

function hostileDatabase(): Database {
  const db = createDatabase()
  const read = hostile.filter((name) => name !== '').map((name) => derived(name, (q, text: string) => q.get(file, text)))
  for (const [i, text] of hostile.entries()) {
    db.set(file, text, `${i}`)
    db.get(read[i % read.length] as (typeof read)[number], text)
  }
  return db
}

function check(graph: DependencyGraph, drawn: Drawn): void {
  const { objects = [], edges = [] } = drawn
  expect(objects.map(({ name }) => name).toSorted()).toEqual(graph.nodes.map(({ key }) => key).toSorted())
  const found = edges.map(({ tail, head }) => `${objects[tail]?.name} ${objects[head]?.name}`)
  expect(found.toSorted()).toEqual(graph.edges.map(({ from, to }) => `${from.key} ${to.key}`).toSorted())
}

const dot = spawnSync('dot', ['-V']).status === 0

describe('drawing', () => {
  it('[DBG-1 KEY-1] the DOT of hostile names and keys is the same graph to Graphviz', async () => {
    const graph = DependencyGraph.from(hostileDatabase())
    expect(graph.nodes.filter(({ isInput }) => isInput)).toHaveLength(hostile.length)
    const viz = await instance()
    const { status, output, errors } = viz.render(graph.toDot(), { format: 'json0' })
    const problems = errors.filter(({ message }) => !message.includes('no value for width of non-ASCII character'))
    expect({ status, problems }).toEqual({ status: 'success', problems: [] })
    check(graph, JSON.parse(output ?? '{}') as Drawn)
  })

  it.skipIf(!dot)('[DBG-1 KEY-1] and to the command', () => {
    const graph = DependencyGraph.from(hostileDatabase())
    const { stdout, stderr } = spawnSync('dot', ['-Tjson0'], { input: graph.toDot(), encoding: 'utf8', maxBuffer: 1e8 })
    expect(stderr).toBe('')
    check(graph, JSON.parse(stdout) as Drawn)
    expect(execFileSync('dot', ['-Tsvg'], { input: graph.toDot(), encoding: 'utf8', maxBuffer: 1e8 })).toContain('<svg')
  })

  it('[DBG-1] labels show the text itself', async () => {
    const db = createDatabase()
    for (const text of ['"', '\\n', '&amp;', '{a|b}', '<b>']) db.set(file, text, text)
    const svg = (await instance()).renderString(DependencyGraph.from(db).toDot(), { format: 'svg' })
    const shown = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#45;', '-').replaceAll('&amp;', '&'))
    expect(shown).toEqual(['file("\\"")', 'file("&amp;")', 'file("<b>")', 'file("\\\\n")', 'file("{a|b}")'])
  })

  it('[DBG-1] Mermaid gets no character that means something', () => {
    const graph = DependencyGraph.from(hostileDatabase())
    const body = graph.toMermaid().split('\n').filter((line) => line.startsWith('  n'))
    for (const line of body) expect(line).toMatch(/^  n\d+(?: --> n\d+|[[(]"(?:[\w ./:,-]|#\d+;)*"[\])]:::\w+)$/)
    expect(body).toHaveLength(graph.nodes.length + graph.edges.length)
  })
})

/** A random graph: cell i reads some of those below it. */
function randomGraph(random: Random): DependencyGraph {
  const cell: Derived<[number], number> = derived('cell', (q, n: number): number => (reads[n] ?? []).reduce((sum, m) => sum + (m < 3 ? q.get(file, `${m}`)?.length ?? 0 : q.get(cell, m)), 0))
  const reads = Array.from({ length: 14 }, (_, n) => Array.from({ length: n < 3 ? 0 : random.int(4) }, () => random.int(n)))
  const db = createDatabase()
  for (let n = 3; n < reads.length; n++) db.get(cell, n)
  return DependencyGraph.from(db)
}

/** All simple paths, the plain way. */
function allPaths(graph: DependencyGraph, from: GraphNode, to: GraphNode): string[] {
  if (from === to) return [from.id]
  return graph.dependencies(from).flatMap((next) => allPaths(graph, next, to).map((rest) => `${from.id} ${rest}`))
}

describe('ways through a graph', () => {
  it('[DBG-2] roots, leaves, shortest and all paths agree with brute force', async () => {
    await forSeeds(60, (random) => {
      const graph = randomGraph(random)
      const read = new Set(graph.edges.map(({ to }) => to))
      const reading = new Set(graph.edges.map(({ from }) => from))
      expect(graph.roots()).toEqual(graph.nodes.filter((node) => !read.has(node)))
      expect(graph.leaves()).toEqual(graph.nodes.filter((node) => !reading.has(node)))
      for (const from of graph.nodes) {
        for (const to of graph.nodes) {
          const expected = allPaths(graph, from, to)
          const { paths, truncated } = graph.paths(from, to, { limit: 100_000 })
          expect(paths.map((path) => ids(path).join(' ')).toSorted()).toEqual(expected.toSorted())
          expect(truncated).toBe(false)
          const shortest = graph.shortestPath(from, to)
          expect(shortest?.length).toBe(expected.length === 0 ? undefined : Math.min(...expected.map((path) => path.split(' ').length)))
          if (shortest !== null) expect(expected).toContain(ids(shortest).join(' '))
        }
      }
    })
  })

  it('[DBG-2] the search for all paths stops at its limit and says so', () => {
    const db = createDatabase()
    const step: Derived<[number], number> = derived('step', (q, n: number): number => (n === 0 ? 0 : q.get(step, n - 1) + q.get(half, n)))
    const half: Derived<[number], number> = derived('half', (q, n: number): number => q.get(step, n - 1))
    db.get(step, 40)
    const graph = DependencyGraph.from(db)
    const [from, to] = [graph.node(step, 40) as GraphNode, graph.node(step, 0) as GraphNode]
    const found = graph.paths(from, to, { limit: 7 })
    expect([found.paths.length, found.truncated, new Set(found.paths.map((path) => ids(path).join())).size]).toEqual([7, true, 7])
    expect(graph.paths(from, to).paths).toHaveLength(100)
    const two = graph.paths(graph.node(step, 1) as GraphNode, to, { limit: 2 })
    expect([two.paths.length, two.truncated]).toEqual([2, false])
    expect(graph.paths(to, from)).toEqual({ paths: [], truncated: false })
  })

  it('[DBG-2] paths of many thousand steps work', () => {
    const db = createDatabase()
    const down: Derived<[number], number> = derived('down', (q, n: number): number => (n === 0 ? q.get(file, 'x')?.length ?? 0 : q.get(down, n - 1)))
    db.get(down, 20_000)
    const graph = DependencyGraph.from(db)
    const [from, to] = [graph.node(down, 20_000) as GraphNode, graph.node(file, 'x') as GraphNode]
    expect(graph.shortestPath(from, to)).toHaveLength(20_002)
    expect(graph.paths(from, to).paths.map((path) => path.length)).toEqual([20_002])
  })
})
