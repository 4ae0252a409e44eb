/**
 * A comparison in progress: the machine under `equality.ts`, which knows what values consist of; this file does not.
 *
 * One loop works off a stack of pairs that must be equal, so depth costs no stack frames; the first pair that is not
 * decides.
 *
 *   work:   … a b a b │ a b        pairs still to be compared; those above a trial's base belong to its candidate
 *   trials:         ▲ base         one for every Set or Map whose object members are being matched
 *
 * Cycles and sharing: after some visits, and always in trials, the pairs met are merged into classes (union-find). A
 * pair within one class is assumed equal and not entered again, so the work grows with the number of objects, not of
 * paths through them, and two cyclic values are equal if no walk through both tells them apart.
 *
 * Trials: the members may well stand in the same order on both sides. Once a candidate has failed, the groups are split by fingerprints (`#sharpen`), so that
 * a trial is seldom wrong twice. Each member needs a partner on the other side. If a pair fails above the base, that candidate's work is
 * dropped, its merges are undone, and the next candidate is tried; with none left the trial itself fails, which is a
 * failed pair of the trial below. A partner once found is kept: equality is transitive, so no other choice can be
 * better. Collections that failed are remembered, or sets of sets would be tried over and over. Careful: that holds only
 * until a pair was assumed equal while it was still being compared. Then a failure may be the fault of the candidate
 * that the assumption came from (two equal members, each tried with the other's partner), and is good for that one only.
 */

/** A member of a Set (as the key, without a value) or an entry of a Map. */
export type Entry = readonly [key: unknown, value: unknown]

/** Numbers that equal values share and others rarely do. */
export interface Prints {
  of(value: unknown): number
  /** The number of an object that was met before. */
  known(object: object): number | undefined
}

interface Trial {
  /** The two collections whose members are being matched. */
  readonly sides: readonly [object, object]
  readonly members: readonly Entry[]
  /** For each member the entries that may be its partner, the last one first. Members may share a group: who is taken leaves it. */
  readonly groups: Entry[][]
  /** The groups are those of equal fingerprints. */
  isSharp: boolean
  /** Height of the work when the trial began. */
  readonly base: number
  /** How many merges there were when the current member began. */
  mark: number
  /** The member in hand, and the candidate in its group. */
  member: number
  candidate: number
}

/** A node of the union-find forest; the root stands for the class and knows its size. */
interface ClassNode {
  parent: ClassNode | undefined
  size: number
  /** In a root: how many of the pairs that made this class are still being compared. */
  open: number
}

/** Pairs that values of common size need not pay for: a cycle is walked so much longer, but not inside a trial. */
const freeVisits = 100
/** So many failed trials, in cyclic values where none can be remembered, are given up: they count as different. */
const maxFailures = 10_000
/** Lies on the work under what a pair demands, beside one of its objects: when it is reached, the pair is done with. */
const done: object = Object.freeze({})

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

export function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

export class Comparison {
  /** Given before the first trial begins. */
  prints: Prints | null = null
  readonly #work: object[] = []
  readonly #trials: Trial[] = []
  /** Made when first needed, as most comparisons end before. */
  #classes: Map<object, ClassNode> | null = null
  /** Roots that got a parent, in order, and how many open pairs that parent had before: what `#undo` takes back. */
  readonly #merged: (readonly [child: ClassNode, parentOpen: number])[] = []
  #failed: Map<object, Set<object>> | null = null
  #failures = 0
  #visits = 0
  /** Some pair was assumed equal while it was still being compared. */
  #cyclic = false

  /** Demands that two values are equal. False if that is refuted already; objects are looked into later, by `run`. */
  pair(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true
    if (!isObject(a) || !isObject(b)) return false
    this.#work.push(a, b)
    return true
  }

  /** Demands a partner for every member; the groups are the trial's from now on. NB: the last thing a step may demand, since what follows joins the trial. */
  match(sides: readonly [object, object], members: readonly Entry[], groups: Entry[][]): boolean {
    for (const group of new Set(groups)) group.reverse()
    const trial: Trial = {
      sides, members, groups, isSharp: false, base: this.#work.length, mark: this.#merged.length, member: 0, candidate: 0,
    }
    this.#trials.push(trial)
    const first = members[0]?.[0]
    if (isObject(first) && this.prints?.known(first) !== undefined) this.#sharpen(trial)
    return this.#propose(trial)
  }

  /** Compares two objects; `step` does so for any two, demanding the rest. */
  start(a: object, b: object, step: (a: object, b: object) => boolean): boolean {
    this.#visits += 1
    return (step(a, b) || this.#retreat()) && this.run(step)
  }

  /** Works off all demands. False as soon as one cannot be met. */
  run(step: (a: object, b: object) => boolean): boolean {
    for (;;) {
      const trial = this.#trials.at(-1)
      let holds: boolean
      if (this.#work.length > (trial?.base ?? 0)) {
        const b = this.#work.pop() as object
        const a = this.#work.pop() as object
        if (b === done) this.#rootOf(a).open -= 1
        holds = b === done || (this.#failed?.get(a)?.has(b) !== true && !this.#isRefuted(a, b) && (this.#merge(a, b) || step(a, b)))
      } else if (trial === undefined) {
        return true
      } else {
        holds = this.#settle(trial)
      }
      if (!holds && !this.#retreat()) return false
    }
  }

  /** Their fingerprints are known and differ. */
  #isRefuted(a: object, b: object): boolean {
    const print = this.prints?.known(a)
    const other = print === undefined ? undefined : this.prints?.known(b)
    return other !== undefined && other !== print
  }

  /** Leaves to each member that has no partner yet only candidates of its own fingerprint. */
  #sharpen(trial: Trial): void {
    const { prints } = this
    trial.isSharp = true
    if (prints === null) return
    const print = ([key, value]: Entry): string => `${prints.of(key)} ${prints.of(value)}`
    const split = new Map<Entry[], Map<string, Entry[]>>()
    for (let index = trial.member; index < trial.members.length; index += 1) {
      const group = trial.groups[index] ?? []
      let parts = split.get(group)
      if (parts === undefined) split.set(group, (parts = groupBy(group, print)))
      trial.groups[index] = parts.get(print(trial.members[index] as Entry)) ?? []
    }
    trial.candidate = 0
  }

  /** Demands the first candidate from the current one on that is not refuted at once. */
  #propose(trial: Trial): boolean {
    const [key, value] = trial.members[trial.member] as Entry
    const group = trial.groups[trial.member] ?? []
    for (; trial.candidate < group.length; trial.candidate += 1) {
      const [otherKey, otherValue] = group.at(-1 - trial.candidate) as Entry
      if (this.pair(value, otherValue) && this.pair(key, otherKey)) return true
      this.#work.length = trial.base
    }
    return false
  }

  /** The candidate is the member's partner: go on with the next member. */
  #settle(trial: Trial): boolean {
    trial.groups[trial.member]?.splice(-1 - trial.candidate, 1)
    trial.mark = this.#merged.length
    trial.member += 1
    trial.candidate = 0
    if (trial.member < trial.members.length) return this.#propose(trial)
    this.#trials.pop()
    return true
  }

  /** A pair failed: the innermost trial with another candidate takes it. False if there is none. */
  #retreat(): boolean {
    for (let trial = this.#trials.at(-1); trial !== undefined; trial = this.#trials.at(-1)) {
      this.#work.length = trial.base
      this.#undo(trial.mark)
      if (trial.isSharp) trial.candidate += 1
      else this.#sharpen(trial)
      if (this.#propose(trial)) return true
      this.#trials.pop()
      if (this.#cyclic) this.#failures += 1
      else this.#remember(trial.sides)
      if (this.#failures > maxFailures) return false
    }
    return false
  }

  #remember([a, b]: readonly [object, object]): void {
    const failed = (this.#failed ??= new Map())
    const others = failed.get(a) ?? new Set()
    failed.set(a, others.add(b))
  }

  /** Puts two objects into one class. True if they were in one before, and so need no comparing. */
  #merge(a: object, b: object): boolean {
    this.#visits += 1
    if (this.#visits <= freeVisits && this.#trials.length === 0) return false
    const left = this.#rootOf(a)
    const right = this.#rootOf(b)
    if (left === right) {
      if (left.open > 0) this.#cyclic = true
      return true
    }
    // The smaller goes under the larger, which keeps the trees flat without moving nodes, so merges can be undone.
    const [child, parent] = left.size < right.size ? [left, right] : [right, left]
    this.#merged.push([child, parent.open])
    child.parent = parent
    parent.size += child.size
    parent.open += child.open + 1
    this.#work.push(a, done)
    return false
  }

  #rootOf(object: object): ClassNode {
    const classes = (this.#classes ??= new Map())
    let node = classes.get(object)
    if (node === undefined) classes.set(object, (node = { parent: undefined, size: 1, open: 0 }))
    while (node.parent !== undefined) node = node.parent
    return node
  }

  #undo(mark: number): void {
    for (const [child, parentOpen] of this.#merged.splice(mark).toReversed()) {
      const { parent } = child
      if (parent === undefined) continue
      parent.size -= child.size
      parent.open = parentOpen
      child.parent = undefined
    }
  }
}
