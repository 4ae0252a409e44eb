/** The model's side of a view: every state it has been in, and what the naive evaluation says of each. */
import type { View } from '../../src/index.js'
import { type Evaluation, Naive, type Outcome, slotId, type SlotState, type State } from './naive.js'
import type { Write } from './operations.js'
import type { Expr, Program } from './program.js'

export class ViewModel {
  readonly view: View
  readonly name: string
  readonly states: State[]
  /** The view it was taken of, and what it held then, or when it was last promoted. */
  readonly parent: ViewModel | null
  start: State
  disposed = false
  /** Told of each new state. */
  onState: (before: State, after: State) => void = () => {}
  /** Commits made in answer to a commit that is being told: they come in their turn. */
  private readonly queued: State[] = []
  private readonly program: Program
  private readonly evaluated = new Map<State, Naive>()

  constructor(view: View, name: string, program: Program, state: State, parent: ViewModel | null) {
    this.view = view
    this.name = name
    this.program = program
    this.states = [state]
    this.start = state
    this.parent = parent
  }

  get state(): State {
    return this.states.at(-1) as State
  }

  /** The state once all commits that wait for their turn are made. */
  get newest(): State {
    return this.queued.at(-1) ?? this.state
  }

  /** Takes over the commits that the view has made. */
  follow(): void {
    while (!this.disposed && this.queued.length > 0 && this.view.revision > this.state.revision) {
      const before = this.state
      const after = this.queued.shift() as State
      this.states.push(after)
      this.onState(before, after)
    }
  }

  cell(state: State, query: number, arg: number | null): Evaluation {
    return this.naive(state).cell(query, arg)
  }

  itemsOf(state: State, query: number, arg: number | null): number[] {
    return this.naive(state).itemsOf(query, arg)
  }

  outcomeOf(state: State, expr: Expr): Outcome {
    return new Naive(this.program, state).outcomeOf(expr)
  }

  /** What something that is read showed in a state: the write of a slot, the outcome of a cell. */
  shown(state: State, id: string): string {
    const [, query, arg] = /^q(\d+)(?:\((\d+)\))?$/.exec(id) ?? []
    if (query !== undefined) {
      const { outcome, isPlain } = this.cell(state, Number(query), arg === undefined ? null : Number(arg))
      return JSON.stringify([outcome, isPlain])
    }
    if (!id.includes(' ')) return String(state.slots.get(id)?.version ?? 0)
    return JSON.stringify([...state.slots].filter(([slot]) => slot === id.split(' ')[1] || slot.startsWith(`${id.split(' ')[1]}(`)).map(([slot, { version }]) => [slot, version]))
  }

  private naive(state: State): Naive {
    let naive = this.evaluated.get(state)
    if (naive === undefined) this.evaluated.set(state, (naive = new Naive(this.program, state)))
    return naive
  }

  /** Takes over writes as one commit; nothing where they change nothing. */
  write(writes: readonly Write[], version: number): void {
    const { newest: state, program } = this
    const slots = new Map<string, SlotState>(state.slots)
    let changed = false
    for (const { i, key, value } of writes) {
      const spec = program.inputs[i]
      const id = slotId(i, spec?.keyed === true ? key : null)
      const next = value === null || value === spec?.initial ? undefined : value
      const before = state.slots.get(id)
      if (before?.value === next) {
        if (before === undefined) slots.delete(id)
        else slots.set(id, before)
      } else slots.set(id, { value: next, version })
    }
    for (const [id, slot] of slots) if (state.slots.get(id) !== slot) changed = true
    if (changed) this.queued.push({ revision: state.revision + 1, slots })
  }

  /** Takes over the inputs of another view as one commit, with what waits for its turn there. */
  restore(source: State, version: number): void {
    const { newest: state } = this
    const slots = new Map(state.slots)
    for (const id of changedSlots(state, source)) slots.set(id, { value: source.slots.get(id)?.value, version })
    if (changedSlots(state, { slots }).length > 0) this.queued.push({ revision: state.revision + 1, slots })
  }

  /** Takes over what a snapshot of this view has changed; false: there is a conflict, and nothing happens. */
  promote(view: ViewModel, version: number): boolean {
    const { newest: state } = this
    const { start, newest: end } = view
    const changed = changedSlots(start, end)
    const moved = new Set(changedSlots(start, state))
    if (changed.some((id) => moved.has(id))) return false
    const invalid = [...end.slots].filter(([id, slot]) => id.startsWith('invalid') && start.slots.get(id)?.version !== slot.version)
    const slots = new Map(state.slots)
    for (const id of changed) slots.set(id, { value: end.slots.get(id)?.value, version })
    for (const [id] of invalid) slots.set(id, { value: undefined, version })
    if (changed.length + invalid.length > 0) this.queued.push({ revision: state.revision + 1, slots })
    view.start = end
    return true
  }

  /** A commit that changes no input. */
  invalidate(id: string, version: number): void {
    const { newest: state } = this
    this.queued.push({ revision: state.revision + 1, slots: new Map(state.slots).set(`invalid ${id}`, { value: undefined, version }) })
  }
}

/** The inputs that hold another value in one of two states. */
function changedSlots(a: Pick<State, 'slots'>, b: Pick<State, 'slots'>): string[] {
  const ids = new Set([...a.slots.keys(), ...b.slots.keys()])
  return [...ids].filter((id) => !id.startsWith('invalid') && a.slots.get(id)?.value !== b.slots.get(id)?.value)
}
