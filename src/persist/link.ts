/**
 * Finds what memos are written as made from: their dependencies; through what is not saved (by `persist: false`, because its
 * value has no form or was given up) down to what is. What depends on something that is not there is left out.
 */
import { type Definition, definitionOf, isQuery, isStoredBy, kindOf, type Ref, slotIdOf, type Stamp, type StateReader } from '../core/saved-state.js'
import type { Leaves, Memos } from './records.js'
import type { Slices } from './slices.js'

/** Dependencies, and the stamps they were seen with. */
interface Reads {
  readonly deps: readonly Ref[]
  readonly stamps: readonly Stamp[]
  readonly stamp: Stamp
}

export class Linker {
  private readonly reader: StateReader
  private readonly memos: Memos
  private readonly slices: Slices
  /** By queries that are not saved: what they were made from, `'nowhere'` where that is not there; null while it is looked for. */
  private readonly leaves = new Map<Ref, Leaves | 'nowhere' | null>()

  constructor(reader: StateReader, memos: Memos, slices: Slices) {
    this.reader = reader
    this.memos = memos
    this.slices = slices
  }

  async run(): Promise<void> {
    const { memos, slices } = this
    const gone: number[] = []
    memos.moved = new Uint8Array(memos.read.deps.length)
    memos.sources = new Int32Array(memos.read.deps.length)
    for (let memo = 0; memo < memos.cells.length; memo++) {
      if (!this.compare(memo)) {
        const leaves = this.leavesThrough(this.readsOf(memo))
        if (leaves === 'nowhere') gone.push(memo)
        else {
          memos.rewired.set(memo, leaves)
          memos.wanting.push(memo)
        }
      }
      if (slices.due()) await slices.rest()
    }
    await memos.leaveOut(gone, slices)
  }

  /** Notes what the dependencies are, and which have changed since. false: some are not saved themselves. */
  private compare(memo: number): boolean {
    const { read, ends, moved, sources, wanting } = this.memos
    const end = ends[memo] as number
    let isWanting = false
    for (let i = this.memos.startOf(memo); i < end; i++) {
      const dep = read.deps[i] as Ref
      let shown: Stamp
      if (isQuery(dep)) {
        const number = this.memos.find(dep)
        if (number === undefined) return false
        shown = this.memos.shown[number] as Stamp
        sources[i] = -1 - number
      } else {
        const kind = kindOf(dep)
        if (kind === 'invalidation') return false
        shown = this.reader.stampOf(dep)
        sources[i] = slotIdOf(dep)
        isWanting ||= kind !== 'slot' || !isStoredBy(dep, shown)
      }
      if (shown !== read.stamps[i]) moved[i] = 1
    }
    if (isWanting) wanting.push(memo)
    return true
  }

  private readsOf(memo: number): Reads {
    const { read, ends, shown } = this.memos
    const [start, end] = [this.memos.startOf(memo), ends[memo]]
    return { deps: read.deps.slice(start, end), stamps: read.stamps.slice(start, end), stamp: shown[memo] as Stamp }
  }

  /** The dependencies of a memo down to what is saved. One that was seen in two states counts as changed. */
  private leavesThrough({ deps, stamps, stamp }: Reads): Leaves | 'nowhere' {
    const found = new Map<Ref, number>()
    const add = (ref: Ref, moved: boolean): void => void found.set(ref, moved || found.get(ref) === 1 ? 1 : 0)
    const through = new Set<Definition>()
    let isStale = false
    for (const [i, dep] of deps.entries()) {
      const seen = stamps[i] as Stamp
      const memo = this.memos.find(dep)
      if (memo !== undefined) add(dep, this.memos.shown[memo] !== seen)
      else if (!isQuery(dep)) {
        const moved = this.reader.stampOf(dep) !== seen
        if (kindOf(dep) === 'invalidation') isStale ||= moved
        else add(dep, moved)
      } else {
        const leaves = this.leavesOf(dep)
        if (leaves === 'nowhere') return 'nowhere'
        isStale ||= leaves.isStale || leaves.stamp !== seen
        through.add(definitionOf(dep))
        for (const definition of leaves.through) through.add(definition)
        for (const [j, ref] of leaves.deps.entries()) add(ref, leaves.moved[j] === 1)
      }
    }
    return { stamp, deps: [...found.keys()], moved: [...found.values()], isStale, through }
  }

  /** What a query that is not saved was made from, however deep: with a stack of its own. */
  private leavesOf(root: Ref): Leaves | 'nowhere' {
    // Still looked for: it depends on itself.
    if (this.leaves.get(root) === null) return 'nowhere'
    const stack: Ref[] = [root]
    while (stack.length > 0) {
      const top = stack.at(-1) as Ref
      const known = this.leaves.get(top)
      const memo = isQuery(top) && (known === null || known === undefined) ? this.reader.memo(top) : null
      if (known === undefined && memo !== null) {
        this.leaves.set(top, null)
        stack.push(...memo.deps.filter((dep) => isQuery(dep) && this.memos.find(dep) === undefined && !this.leaves.has(dep)))
        continue
      }
      stack.pop()
      if (known === undefined) this.leaves.set(top, 'nowhere')
      else if (known === null) this.leaves.set(top, memo === null ? 'nowhere' : this.leavesThrough(memo))
    }
    return this.leaves.get(root) ?? 'nowhere'
  }
}
