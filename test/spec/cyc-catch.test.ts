/** Participants that catch the error of their cycle. */
import { describe, expect, it } from 'vitest'
import { type Derived, derived } from '../../src/index.js'
import { outcome, outcomeOf } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()

type Sync = Derived<[], number>
type Async = Derived<[], Promise<number>>

/** What each cell reads, in order, and whether it catches what its reads throw. */
type Graph = readonly { readonly next: readonly number[]; readonly catches: boolean }[]

/** What every cell gives if they are asked one after the other, beginning with this one. */
function answersFrom(graph: Graph, entry: number): unknown[] {
  const db = createDatabase()
  const cell: Derived<[at: number], number> = derived('cell', (q, at: number): number => {
    const { next, catches } = graph[at] as Graph[number]
    let sum = at
    for (const to of next) {
      try {
        sum += q.get(cell, to)
      } catch (error) {
        if (!catches) throw error
        sum -= 1000
      }
    }
    return sum
  })
  const answers: unknown[] = []
  for (const i of graph.keys()) {
    const at = (entry + i) % graph.length
    answers[at] = outcome(() => db.get(cell, at))
  }
  return answers
}

describe('catching', () => {
  it('[CYC-7] a participant that catches still fails, whichever is asked first; an outsider may catch', () => {
    for (const first of ['a', 'b', 'outside']) {
      const db = createDatabase()
      const a: Sync = derived('a', (q): number => {
        try {
          return q.get(b)
        } catch {
          return -1
        }
      })
      const b: Sync = derived('b', (q): number => q.get(a))
      const outside = derived('outside', (q) => {
        try {
          return q.get(a)
        } catch {
          return -1
        }
      })
      const through = derived('through', (q) => q.get(b))
      const queries = { a, b, outside, through }
      outcome(() => db.get(queries[first as 'a']))
      expect([a, b, outside, through].map((query) => outcome(() => db.get(query)))).toEqual(['cycle', 'cycle', -1, 'cycle'])
    }
  })

  it('[CYC-7] the same for asynchronous participants', async () => {
    for (const first of ['a', 'b', 'outside'] as const) {
      const db = createDatabase()
      const a: Async = derived('a', async (q): Promise<number> => {
        await Promise.resolve()
        return q.get(b).catch(() => -1)
      })
      const b: Async = derived('b', async (q): Promise<number> => q.get(a))
      const outside = derived('outside', async (q) => q.get(a).catch(() => -1))
      const queries = { a, b, outside }
      const begun = db.get(queries[first]).catch(() => 0)
      const answers = [a, b, outside].map((query) => outcomeOf(db.get(query)))
      expect(await Promise.all(answers)).toEqual(['cycle', 'cycle', -1])
      await begun
    }
  })

  it('[CYC-7] a query that reaches the ring through a member that has failed already is part of it', () => {
    for (const first of ['r', 'a', 'b'] as const) {
      const db = createDatabase()
      const tolerant = (name: string, next: () => Sync[]): Sync =>
        derived(name, (q): number => {
          let sum = 0
          for (const query of next()) {
            try {
              sum += q.get(query)
            } catch {
              sum -= 1
            }
          }
          return sum
        })
      // r -> a -> r, and r -> b -> a -> r.
      const r = tolerant('r', () => [a, b])
      const a = tolerant('a', () => [r])
      const b = tolerant('b', () => [a])
      outcome(() => db.get({ r, a, b }[first]))
      expect([r, a, b].map((query) => outcome(() => db.get(query)))).toEqual(['cycle', 'cycle', 'cycle'])
    }
  })

  it('[CYC-7] a ring that grows into a lower one after a member of it has failed', () => {
    const graph = [
      { next: [1, 3], catches: true },
      { next: [0], catches: false },
      { next: [1], catches: true },
      { next: [0, 2], catches: true },
    ]
    for (const entry of graph.keys()) expect({ entry, answers: answersFrom(graph, entry) }).toEqual({ entry, answers: graph.map(() => 'cycle') })
  })

  it('[CYC-7] in random graphs, no answer depends on where they were entered', async () => {
    await forSeeds(300, (random) => {
      const size = 2 + random.int(5)
      const names = Array.from({ length: size }, (_, i) => i)
      const graph = names.map(() => ({ next: names.filter(() => random.chance(0.3)), catches: random.chance(0.6) }))
      const first = answersFrom(graph, 0)
      for (const entry of names) expect({ graph, entry, answers: answersFrom(graph, entry) }).toEqual({ graph, entry, answers: first })
    })
  }, 60_000)
})
