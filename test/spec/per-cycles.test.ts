/** Results of queries that may be on a cycle: saved where they are not on one. */
import { createDatabase, type Database, derived, type Derived, input } from 'pebre'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'
import { forSeeds } from '../support/random.js'

const log: string[] = []
const ran = (): string[] => log.splice(0)
const place = (): { port: MemoryPort; name: string } => ({ port: new MemoryPort(), name: 'c' })

const next = input<[node: string], readonly string[]>('next')
const reach: Derived<[node: string], string> = derived('reach', (q, node: string): string => {
  log.push(`reach ${node}`)
  const all = new Set([node])
  for (const one of q.get(next, node) ?? []) for (const below of q.get(reach, one)) all.add(below)
  return [...all].toSorted().join('')
}, { cycle: { initial: '' } })
/** 0 at the end of a chain; -1 on a ring. */
const height: Derived<[node: string], number> = derived('height', (q, node: string): number => {
  log.push(`height ${node}`)
  const below = (q.get(next, node) ?? []).map((one) => q.get(height, one))
  return Math.max(0, ...below.map((one) => (one < 0 ? 100 : one + 1)))
}, { cycle: { fallback: -1 } })
const later: Derived<[node: string], Promise<string>> = derived('later', async (q, node: string): Promise<string> => {
  const all = new Set([node])
  for (const one of q.get(next, node) ?? []) for (const below of await q.get(later, one)) all.add(below)
  return [...all].toSorted().join('')
}, { cycle: { initial: '' } })
/** On the ring too, by a query that has no answer of its own. */
const through: Derived<[node: string], string> = derived('through', (q, node: string): string => q.get(around, node))
const around: Derived<[node: string], string> = derived('around', (q, node: string): string => {
  const all = new Set([node])
  for (const one of q.get(next, node) ?? []) for (const below of q.get(through, one)) all.add(below)
  return [...all].toSorted().join('')
}, { cycle: { initial: '' } })
const above = derived('above', (q, node: string) => {
  log.push(`above ${node}`)
  return `${q.get(reach, node)} ${q.get(height, node)}`
})
const definitions = [next, reach, height, later, through, around, above]
const nodes = 'abcde'.split('')

function filled(graph: ReadonlyMap<string, readonly string[]>): Database {
  const db = createDatabase({ definitions })
  for (const [node, targets] of graph) db.set(next, node, targets)
  return db
}

const shown = async (view: Pick<Database, 'get'>, order: readonly string[] = nodes): Promise<unknown> => {
  const found = new Map<string, unknown>()
  for (const node of order) found.set(node, [view.get(above, node), view.get(around, node), view.get(through, node), await view.get(later, node)])
  return nodes.map((node) => found.get(node))
}

describe('queries with an answer for cycles', () => {
  it('[PER-1 PER-12 CYC-8] are saved where they are on none, with what depends on them', async () => {
    const db = filled(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', []], ['x', ['y', 'c']], ['y', ['x']]]))
    for (const node of ['a', 'x']) db.get(above, node)
    const at = place()
    const saved = await saveCache(db, at)
    expect(saved.sections.map(({ name, count }) => [name, count])).toEqual([['next', 5], ['above', 1], ['height', 3], ['reach', 3]])
    const again = createDatabase({ definitions })
    await loadCache(again, at)
    ran()
    expect([again.get(above, 'a'), ran()]).toEqual(['abc 2', []])
    expect(again.get(above, 'x')).toBe(db.get(above, 'x'))
    again.set(next, 'b', [])
    ran()
    expect([again.get(above, 'a'), ran().toSorted()]).toEqual(['abc 1', ['above a', 'height a', 'height b', 'reach a', 'reach b']])
    again.set(next, 'c', ['a'])
    expect([again.get(reach, 'a'), again.get(height, 'c')]).toEqual(['abc', -1])
  })

  it('[PER-1 CYC-6 CYC-8 CYC-7] random graphs, histories and generations: after a load every answer is that of a database which was only told the inputs', async () => {
    await forSeeds(200, async (random) => {
      const edges = (): string[] => nodes.filter(() => random.chance(0.22))
      const graph = new Map(nodes.map((node) => [node, edges()] as const))
      let db = filled(graph)
      for (let life = 0; life < 3; life++) {
        for (let step = random.int(6); step > 0; step--) {
          const node = random.pick(nodes)
          const die = random.int(6)
          if (die === 0) {
            graph.set(node, edges())
            db.set(next, node, graph.get(node) as string[])
          } else if (die === 1) await db.get(later, node)
          else db.get(random.pick([reach, through, around, above] as Derived<[string], string>[]), node)
        }
        const at = place()
        await saveCache(random.chance(0.3) ? db.snapshot() : db, at)
        const target = random.chance(0.3) ? filled(new Map(nodes.map((node) => [node, edges()]))) : createDatabase({ definitions })
        if (random.chance(0.5)) await shown(target, nodes.slice(random.int(5)))
        await loadCache(target, at)
        db = target
        const order = nodes.toSorted(() => random.int(3) - 1)
        if (random.chance(0.7)) expect([life, await shown(db.snapshot(), order)]).toEqual([life, await shown(filled(graph))])
        if (random.chance(0.7)) expect([life, await shown(db, order)]).toEqual([life, await shown(filled(graph))])
      }
      expect(await shown(db)).toEqual(await shown(filled(graph)))
    })
  }, 60_000)
})
