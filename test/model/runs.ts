/**
 * The least number of runs. An engine with perfect stamps runs a body only if something that its last run read has
 * shown another value since; this finds the runs beyond that. It looks at the head alone, and only at histories in which no
 * evaluation is overtaken, cancelled or cut short.
 */
import type { Query } from '../../src/index.js'
import { cellId, type State } from './naive.js'
import type { Program } from './program.js'
import type { ViewModel } from './views.js'

interface Run {
  readonly state: State
  readonly number: number
  done: boolean
}

export class RunCounter {
  total = 0
  /** Something has happened that this does not follow. */
  inexact: boolean
  readonly excess: string[] = []
  /** Runs that should not be: what was saved holds. */
  readonly forbidden = new Set<string>()
  private readonly last = new Map<string, Run>()
  private readonly head: () => ViewModel

  constructor(program: Program, head: () => ViewModel) {
    this.head = head
    const { snapshots, aborts, cyclic, racing, reactions, unequal, deep, cells, durability = [], lru = [], upkeep, shallow } = program.traits
    // An equal value of a lower durability is a change to those who read it.
    this.inexact = durability.length > 0 || snapshots || aborts || cyclic || racing || reactions || unequal || deep || cells != null || lru.length > 0 || upkeep === true || shallow !== undefined
  }

  start(query: number, arg: number | null, q: Query): () => void {
    this.total++
    const id = cellId(query, arg)
    if (this.forbidden.has(id)) this.excess.push(`runs: ${id} runs after it was loaded, and nothing has changed`)
    if (this.inexact) return () => {}
    this.head().follow()
    const state = this.head().states[q.revision]
    if (state === undefined) throw new Error(`${id} is bound to revision ${q.revision}, which never was`)
    const run: Run = { state, number: this.total, done: false }
    const before = this.last.get(id)
    if (before !== undefined && !this.isAllowed(query, arg, before, state)) {
      this.excess.push(`runs: ${id} runs at revision ${state.revision}, and nothing it read has changed since its run at ${before.state.revision}${before.done ? '' : ', which is on its way'}`)
    }
    this.last.set(id, run)
    return () => {
      run.done = true
    }
  }

  private isAllowed(query: number, arg: number | null, before: Run, now: State): boolean {
    const head = this.head()
    const then = before.state
    const id = `invalid ${cellId(query, arg)}`
    const { outcome, volatile, reads } = head.cell(then, query, arg)
    if (then === now) return false
    if (typeof outcome === 'string' || volatile) return true
    if (then.slots.get(id) !== now.slots.get(id)) return true
    const between = head.states.slice(Math.min(then.revision, now.revision), Math.max(then.revision, now.revision) + 1)
    return [...reads].some((at) => between.some((state) => head.shown(state, at) !== head.shown(then, at)))
  }
}
