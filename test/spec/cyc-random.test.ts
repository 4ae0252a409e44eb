/** Random graphs of asynchronous cells whose edges are inputs: cycles come and go under callers of several views. */
import { flush, type Random, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, type Derived, input, type View } from '../../src/index.js'
import { outcomeOf } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'
import { macrotask, type Tracked, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const edges = input<[at: number], readonly number[]>('edges')
const weight = input<[at: number], number>('weight')

interface State {
  readonly view: View
  readonly edges: readonly number[][]
  readonly weights: readonly number[]
}

/** What a cell gives: the sum of its weight and of what it reads, or `cycle` where a cycle can be reached. */
function answerOf({ edges: graph, weights }: State, at: number, path: readonly number[] = []): number | 'cycle' {
  if (path.includes(at)) return 'cycle'
  let sum = weights[at] as number
  for (const next of graph[at] as number[]) {
    const value = answerOf({ edges: graph, weights } as State, next, [...path, at])
    if (value === 'cycle') return 'cycle'
    sum += value
  }
  return sum
}

type Sum = Derived<[at: number], Promise<number>>

/** Cells that read their edges one after the other, or all at once, with and without waiting before. */
function makeCells(stops: Stops): Sum {
  const cell: Sum = derived('cell', async (q, at: number): Promise<number> => {
    if (at % 3 !== 0) await stops.at(`before ${at}`)
    const next = q.get(edges, at) ?? []
    let sum = 0
    if (at % 2 === 0) sum = (await Promise.all(next.map((to) => q.get(link, to)))).reduce((a, b) => a + b, 0)
    else for (const to of next) sum += await q.get(link, to)
    if (at % 3 === 0) await stops.at(`after ${at}`)
    return sum + (q.get(weight, at) ?? 0)
  })
  // Half of all reads go through a query that only hands on the promise.
  const link: Sum = derived('link', (q, at: number): Promise<number> => (at % 2 === 0 ? q.get(cell, at) : q.get(direct, at)))
  const direct: Sum = derived('direct', async (q, at: number): Promise<number> => q.get(cell, at))
  return cell
}

function change(random: Random, size: number, state: State): State {
  const at = random.int(size)
  if (random.chance(0.3)) {
    const value = random.int(3)
    state.view.set(weight, at, value)
    return { ...state, weights: state.weights.with(at, value) }
  }
  const next = Array.from({ length: size }, (_, i) => i).filter(() => random.chance(0.25))
  state.view.set(edges, at, next)
  return { ...state, edges: state.edges.with(at, next) }
}

async function history(random: Random): Promise<void> {
  const db = createDatabase()
  const stops = new Stops()
  const cell = makeCells(stops)
  const size = 2 + random.int(5)
  const states: State[] = [{ view: db, edges: Array.from({ length: size }, () => []), weights: Array.from({ length: size }, () => 0) }]
  const asked: { readonly expected: unknown; readonly outcome: Tracked<unknown> }[] = []
  for (let i = 0; i < 100; i++) {
    const which = random.int(states.length)
    const state = states[which] as State
    const action = random.int(10)
    const at = random.int(size)
    if (action < 3) states[which] = change(random, size, state)
    else if (action < 6) asked.push({ expected: answerOf(state, at), outcome: track(outcomeOf(state.view.get(cell, at))) })
    else if (action === 6 && states.length < 3) states.push({ ...state, view: state.view.snapshot() })
    else if (stops.labels.length > 0) await stops.open(random.pick(stops.labels))
    if (random.chance(0.2)) await flush()
  }
  await stops.openAll()
  await macrotask()
  expect(asked.map(({ outcome }) => outcome.value ?? outcome.state)).toEqual(asked.map(({ expected }) => expected))
  expect(db.stats().jobs).toBe(0)
}

describe('random graphs', () => {
  it('[CYC-3 CYC-4 CYC-6] every caller is answered: with CycleError where a cycle can be reached at its revision, with the value elsewhere', async () => {
    await forSeeds(80, history)
  }, 60_000)
})
