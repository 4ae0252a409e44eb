/** Checks what one subscriber of a live query hears: states that existed, in order, and the newest in the end. */
import type { QueryState } from '../../src/index.js'
import { CYCLE, type Outcome, type State } from './naive.js'
import { outcomeOf } from './outcome.js'
import type { ViewModel } from './views.js'

export class SubscriptionModel {
  readonly name: string
  readonly view: ViewModel
  readonly sync: boolean
  /** It hears of every revision that changes the outcome. */
  private readonly every: boolean
  readonly faults: string[] = []
  readonly close: () => void
  private readonly expected: (state: State) => Outcome
  /** Some query of the program is never equal to what it was. */
  private readonly mayRepeat: boolean
  private cursor: number
  private last: Outcome | null = null
  /** Emissions of values and failures so far, and how many there should be. */
  private heard = 0
  private due = 1
  private ended = false
  private after = 0
  private react: () => void = () => {}
  private settled = false
  emissions = 0
  /** The last value it has heard. */
  private good: { readonly value: unknown } | null = null
  /** null until the subscription has been handed out. */
  private unsubscribe: (() => void) | null = null

  constructor(name: string, view: ViewModel, sync: boolean, every: boolean, mayRepeat: boolean, expected: (state: State) => Outcome) {
    this.name = name
    this.view = view
    this.sync = sync
    this.every = sync || every
    this.mayRepeat = mayRepeat
    this.expected = expected
    this.cursor = view.states.length - 1
    this.close = () => {
      this.ended = true
      this.unsubscribe?.()
    }
  }

  get open(): boolean {
    return !this.ended && !this.view.disposed
  }

  follow(unsubscribe: () => void): void {
    this.unsubscribe = unsubscribe
    if (this.ended) unsubscribe()
  }

  /** `react` is called when it has heard `after` values or failures. */
  answer(after: number, react: () => void): void {
    this.after = after
    this.react = react
  }

  /** A commit has been made. */
  committed(before: State, after: State): void {
    if (this.open && this.expected(before) !== this.expected(after)) this.due++
  }

  state(state: QueryState<unknown>): void {
    const { good } = this
    if (good !== null && (state.status === 'stale' || state.status === 'failed') && state.value !== good.value) this.faults.push(`previous: ${this.name} heard ${state.status} with ${String(state.value)} after ${String(good.value)}`)
    if (state.status === 'ready') this.good = { value: state.value }
    if (state.status === 'pending' || state.status === 'stale') {
      this.settled = false
      if (this.sync) this.faults.push(`emission: ${this.name} is synchronous and told ${state.status}`)
      return
    }
    this.hear(state.status === 'ready' ? (state.value as Outcome) : outcomeOf(state.error))
  }

  value(value: Outcome): void {
    this.hear(value)
  }

  error(error: unknown): void {
    this.hear(outcomeOf(error))
    this.ended = true
  }

  private hear(outcome: Outcome): void {
    this.emissions++
    if (this.ended && this.unsubscribe === null) return
    if (this.ended) {
      this.faults.push(`emission: ${this.name} heard ${outcome} after its end`)
      return
    }
    this.view.follow()
    const { states } = this.view
    let at = this.cursor
    while (at < states.length && this.expected(states[at] as State) !== outcome) at++
    if (at === states.length) this.faults.push(`${this.last === null && states.some((state) => this.expected(state) === outcome) ? 'early' : 'emission'}: ${this.name} heard ${outcome} after ${this.last}; from revision ${(states[this.cursor] as State).revision} on it is ${states.slice(this.cursor).map(this.expected).join(', ')}`)
    else this.cursor = at
    // Two cycles are told alike here, and are two failures.
    if (this.sync && this.last === outcome && !this.mayRepeat && outcome !== CYCLE) this.faults.push(`again: ${this.name} heard ${outcome} twice in a row`)
    else if (this.last !== outcome) this.heard++
    this.last = outcome
    this.settled = true
    if (--this.after === 0) this.react()
  }

  /** After an operation: a synchronous query has told everything. `resting`: so has every other. */
  check(resting: boolean): string[] {
    const faults = this.faults.splice(0)
    if (!this.open || faults.length > 0) return faults
    if (!this.sync && !resting) return []
    const expected = this.expected(this.view.state)
    if (this.last !== expected || !this.settled) return [`newest: ${this.name} heard ${this.last}${this.settled ? '' : ' and waits'}, and it is ${expected}`]
    if (this.every && this.heard !== this.due && !this.mayRepeat) return [`newest: ${this.name} heard ${this.heard} values, and there were ${this.due}`]
    return []
  }
}
