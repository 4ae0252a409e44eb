/**
 * One round of cycles that are being answered: what heads came to in the round before stands there, everything else is computed from that, and
 * who has read whom is noted.
 */
import type { Branch, Reads, Solving } from './branch.js'
import type { FixpointError } from './errors.js'
import { type Cell, isCell, type Memo, type Node, type Outcome, PENDING } from './node.js'

/** What a round tells of. */
export interface Solver {
  readonly state: 'working' | 'done'
  /** That of the present round. */
  readonly branch: Branch
  /** A cycle was met that these are on. */
  grow(heads: readonly Cell[]): void
  /** A cell has read these; `peeked`: without recording it. */
  note(cell: Cell, memo: Reads, peeked: Iterable<Cell>): void
}

/** One cycle that is done with. */
export interface Solution {
  /** Who is on it, as records of the head. */
  readonly cells: ReadonlySet<Cell>
  /** It does not settle. */
  readonly error: FixpointError | null
  /** Says whether that holds. */
  readonly answer: Cell
}

/** One round, or a sweep: a branch of its own, in which heads show what they came to before. */
export class Round implements Solving {
  readonly branch: Branch
  readonly results: Map<Cell, Outcome> = new Map()
  private readonly solver: Solver
  private readonly shown: ReadonlyMap<Cell, Memo>
  private readonly apart: Set<Cell>
  /** What was computed from what heads showed. */
  private readonly provisional: Set<Cell> = new Set()
  /** What was read without being recorded. */
  private readonly peeked: Map<Cell, Set<Cell>> = new Map()

  /** `apart`: cells that are known not to lead to a head. */
  constructor(solver: Solver, branch: Branch, shown: ReadonlyMap<Cell, Memo>, apart: Set<Cell>) {
    this.solver = solver
    this.branch = branch
    this.shown = shown
    this.apart = apart
    branch.solving = this
  }

  get heads(): Cell[] {
    return [...this.shown.keys()]
  }

  /** A head that shows something in this round; others may be found while it lasts. */
  shows(cell: Cell): boolean {
    return this.shown.has(cell.origin)
  }

  /** What is left of an earlier round may meet cycles as well: nobody waits for it. */
  grow(heads: readonly Cell[]): void {
    if (this.isCurrent) this.solver.grow(heads)
  }

  /** An outcome has been found in this round. Returns whether it is good for this round only. */
  note(cell: Cell, reads: Reads): boolean {
    const { origin } = cell
    const peeked = this.peeked.get(origin) ?? []
    if (this.isCurrent) this.solver.note(origin, reads, peeked)
    for (const dep of [...reads.deps, ...peeked]) if (isCell(dep) && (this.shown.has(dep) || this.provisional.has(dep))) this.provisional.add(origin)
    return this.provisional.has(origin)
  }

  /** These heads show something else from now on: what was computed from the values before goes. */
  renew(changed: Iterable<readonly [head: Cell, memo: Memo]>): void {
    const { memos } = this.branch
    for (const cell of this.provisional) if (!this.shown.has(cell)) memos.delete(cell)
    this.provisional.clear()
    for (const [head, memo] of changed) memos.set(head, memo)
  }

  peek({ origin }: Cell, dep: Cell): void {
    addTo(this.peeked, origin, [dep.origin])
  }

  isOn(cell: Cell): boolean {
    return !this.apart.has(cell) && this.isOnCycle(cell)
  }

  /** Whether a cell leads to one of the heads, as it stands. What has been seen to lead to none is passed by. */
  private isOnCycle(cell: Cell): boolean {
    const met = new Set<Cell>([cell])
    for (const { deps, origin } of met) {
      if (this.shown.has(origin)) return true
      for (let edge = deps; edge !== null; edge = edge.nextDep) if (isCell(edge.dep) && !this.apart.has(edge.dep)) met.add(edge.dep)
    }
    for (const one of met) this.apart.add(one)
    return false
  }

  private get isCurrent(): boolean {
    return this.solver.state === 'working' && this.solver.branch === this.branch
  }
}

/** What those who may be on cycles have read in all rounds since all began, as records of the head. */
export class RoundReads {
  private readonly reads: Map<Cell, Set<Node>> = new Map()
  /** The same with what was not recorded. */
  private readonly needs: Map<Cell, Set<Node>> = new Map()
  /** What somebody has not only asked for. */
  readonly awaited: Set<Node> = new Set()

  note(cell: Cell, { deps, stamps }: Reads, peeked: Iterable<Cell>): void {
    addTo(this.reads, cell, deps)
    for (const [i, dep] of deps.entries()) if (stamps[i] !== PENDING) this.awaited.add(dep)
    addTo(this.needs, cell, [...deps, ...peeked])
  }

  /** The cells it needs that have been looked at. */
  cellsOf(cell: Cell): Cell[] {
    return [...(this.needs.get(cell) ?? [])].filter((dep): dep is Cell => isCell(dep) && this.needs.has(dep))
  }

  areOnThemselves(cells: ReadonlySet<Cell>): boolean {
    return [...cells].every((cell) => this.needs.get(cell)?.has(cell) === true)
  }

  /** What these have read besides each other. */
  readBy(cells: ReadonlySet<Cell>): Node[] {
    const all = new Set([...cells].flatMap((cell) => [...(this.reads.get(cell) ?? [])]))
    return [...all].filter((dep) => !cells.has(dep as Cell))
  }

  /** The parts with heads that have read no head of another one, which they would have to wait for. */
  closedAmong(parts: readonly ReadonlySet<Cell>[], isHead: (cell: Cell) => boolean): ReadonlySet<Cell>[] {
    const open = new Set<Cell>()
    return parts.filter((cells) => {
      const waits = [...cells].some((cell) => this.cellsOf(cell).some((dep) => open.has(dep)))
      const isPart = [...cells].some(isHead)
      if (isPart || waits) for (const cell of cells) open.add(cell)
      return isPart && !waits
    })
  }

  clear(): void {
    this.reads.clear()
    this.needs.clear()
  }
}

/** Adds to the set of a cell. */
function addTo<T>(map: Map<Cell, Set<T>>, cell: Cell, more: Iterable<T>): void {
  const known = map.get(cell)
  if (known === undefined) map.set(cell, new Set(more))
  else for (const one of more) known.add(one)
}
