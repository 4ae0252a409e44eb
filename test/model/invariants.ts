/** What must hold of the engine's records between any two operations, and at rest. For tests only: it reads internals. */
import { ANSWERED, type Branch, type Family, type Job } from '../../src/core/branch.js'
import { BROKEN, BY_ANSWER, type Cell, CHECKING, CLEAN, type Edge, EVICTED, Failure, idOf, IN_RING, isCell, isFresh, MAYBE, type Node, ON_RING, PENDING, RUNNING, SOFT } from '../../src/core/node.js'
import { CycleError, type View } from '../../src/index.js'

/** The engine's side of a view. */
export function branchOf(view: View): Branch {
  return (view as unknown as { readonly branch: Branch }).branch
}

export function* nodesOf(branch: Branch): Generator<Node> {
  if (branch.records !== null) {
    yield* branch.records.values()
    return
  }
  yield* branch.answers ?? []
  for (const { only, byPrimitive, byText, keys, entries } of branch.tables.values()) {
    for (const node of [only, ...byPrimitive.values(), ...byText.values(), keys, entries]) if (node !== null) yield node
  }
}

function* edgesFrom(cell: Cell): Generator<Edge> {
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) yield edge
}

const name = idOf

const isOnRing = (cell: Cell): boolean => (cell.flags & ON_RING) !== 0 || (cell.value instanceof Failure && cell.value.error instanceof CycleError)

class Checker {
  readonly faults: string[] = []
  /** The edges that stand in a list of dependents. */
  private readonly linked = new Set<Edge>()
  private readonly awaitsAll: boolean

  constructor(awaitsAll: boolean) {
    this.awaitsAll = awaitsAll
  }

  expect(holds: boolean, fault: () => string): void {
    if (!holds) this.faults.push(fault())
  }

  node(node: Node): void {
    let previous: Edge | null = null
    const readers = new Set<Cell>()
    for (let edge = node.dependents; edge !== null; edge = edge.nextDependent) {
      const { reader, dep } = edge
      this.expect(dep === node, () => `edges: a dependent of ${name(node)} is an edge to ${name(dep)}`)
      this.expect(edge.previousDependent === previous, () => `edges: the dependents of ${name(node)} are not linked backwards`)
      // A run that has not ended keeps what is left over from the run before.
      this.expect(!readers.has(reader) || reader.owner !== null || (reader.flags & BROKEN) !== 0, () => `edges: ${name(reader)} depends on ${name(node)} twice`)
      this.expect([...edgesFrom(reader)].includes(edge), () => `edges: ${name(node)} has an edge that its reader ${name(reader)} has cut`)
      readers.add(reader)
      previous = edge
      this.linked.add(edge)
    }
    this.expect(node.lastDependent === previous, () => `edges: the last dependent of ${name(node)} is wrong`)
  }

  cell(cell: Cell): void {
    const revision = cell.table.branch.revision
    this.expect(cell.verifiedAt <= revision, () => `marks: ${name(cell)} is verified at ${cell.verifiedAt}, after ${revision}`)
    this.expect((cell.flags & (RUNNING | CHECKING)) === 0, () => `marks: ${name(cell)} is still running or checking`)
    const owner = cell.owner as Job | null
    for (const edge of edgesFrom(cell)) {
      const { dep } = edge
      this.expect(this.linked.has(edge), () => `edges: ${name(cell)} reads ${name(dep)}, which does not know`)
      if (owner !== null) continue
      this.expect(cell.mark >= MAYBE || (cell.flags & BROKEN) === 0, () => `marks: ${name(cell)} is not marked and its run never settled`)
      // On a ring nobody has seen what the others show.
      if (cell.mark !== CLEAN || isOnRing(cell) || !this.awaitsAll) continue
      // What a run asked for and did not await may be on its way still.
      const onItsWay = isCell(dep) && (dep.job !== null || dep.owner !== null)
      // Or it has ended where nobody could place it.
      const isSoft = isCell(dep) && (dep.flags & SOFT) !== 0
      // On a cycle that has an answer: the body will read it again.
      if (edge.stamp === IN_RING || edge.stamp === BY_ANSWER) continue
      if ((edge.stamp === PENDING && onItsWay) || isSoft) continue
      this.expect(edge.stamp !== PENDING, () => `stamps: ${name(cell)} is clean and waits for ${name(dep)}`)
      this.expect(edge.stamp === dep.stamp, () => `stamps: ${name(cell)} is clean and saw ${edge.stamp} of ${name(dep)}, which shows ${dep.stamp}`)
    }
    if ((cell.mark < MAYBE || (cell.flags & SOFT) !== 0) && (owner === null || owner.touched === CLEAN)) return
    this.readersOf(cell)
  }

  /** A marked cell has nothing unmarked above it. */
  private readersOf(cell: Cell): void {
    // A run that brings an evicted value back leaves its stamp alone: whoever settles above it meanwhile has seen what it will give.
    // On a cycle that has an answer, members settle while others are on their way: a commit marks them.
    const { family } = cell.table.branch as Branch
    if (!this.awaitsAll || (cell.owner !== null && ((cell.flags & EVICTED) !== 0 || (family.rare & ANSWERED) !== 0))) return
    for (let edge = cell.dependents; edge !== null; edge = edge.nextDependent) {
      const { reader } = edge
      // A read that was not awaited is completed by the job itself.
      if (reader.owner !== null || (edge.stamp === PENDING && (cell.owner !== null || cell.job !== null)) || edge.stamp === BY_ANSWER) continue
      this.expect(!isFresh(reader) || isOnRing(reader), () => `marks: ${name(cell)} is marked (${cell.mark}), and its reader ${name(reader)} is not (${reader.mark})`)
    }
  }

  /** Nobody's code is on the stack. */
  family(family: Family): void {
    const none = (what: string, count: number): void => this.expect(count === 0, () => `rest: ${count} ${what}`)
    none('evaluations on the stack', family.depth)
    none('active evaluations', family.active === null ? 0 : 1)
    none('stacks being freed', family.unwind === null ? 0 : 1)
    none('runs given up', family.givenUp.length + family.lookedFor.length + family.unwoundIn.size)
  }

  /** No promise reaction is due either. */
  quiet(family: Family): void {
    this.expect(family.wakes.length === 0, () => `quiet: ${family.wakes.length} jobs are to go on, and nobody wakes them`)
    this.expect(family.reached.length === 0, () => `quiet: ${family.reached.length} live queries are to be told, and nobody tells them`)
    this.expect(!family.delivery.pending, () => 'quiet: something is to be told, and nobody tells it')
  }

  rest(family: Family, branches: readonly Branch[]): void {
    const none = (what: string, count: number): void => this.expect(count === 0, () => `rest: ${count} ${what}`)
    none('jobs', family.jobs)
    none('branches with jobs', family.busy.size)
    for (const branch of branches) {
      none('jobs in a branch', branch.jobs === null ? 0 : 1)
      const alive = branches.filter((at) => at.parent === branch).length
      this.expect(branch.forks.size === alive, () => `rest: ${branch.forks.size} forks are known, and ${alive} are alive`)
      for (const node of nodesOf(branch)) {
        if (!isCell(node)) continue
        this.expect(node.job === null && node.owner === null, () => `rest: ${name(node)} has a job`)
      }
    }
  }
}

/** `busy`: promise reactions may be due. `quiet`: none is. `resting`: nothing is on its way. */
export type Calm = 'busy' | 'quiet' | 'resting'

/** The invariants that do not hold, as text. `awaitsAll`: bodies await all they ask for; what others leave behind may be marked below them. */
export function faultsOf(views: readonly View[], calm: Calm, awaitsAll: boolean): string[] {
  const checker = new Checker(awaitsAll)
  const branches = views.map(branchOf)
  const nodes = branches.flatMap((branch) => (branch.frozen && branch.parent !== null ? [] : [...nodesOf(branch)]))
  for (const node of nodes) checker.node(node)
  for (const node of nodes) if (isCell(node)) checker.cell(node)
  const [head] = branches
  if (head === undefined) return checker.faults
  checker.family(head.family)
  if (calm !== 'busy') checker.quiet(head.family)
  if (calm === 'resting') checker.rest(head.family, branches)
  return checker.faults
}
