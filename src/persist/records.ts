/**
 * What of a view goes into a file, in columns: a list for each part of a record instead of an object for each record. A hundred
 * thousand objects that live as long as the save would be copied by each collection of garbage on the way.
 */
import { type Definition, definitionOf, isQuery, type MemoBuffer, type Ref, type Slot, type Stamp } from '../core/saved-state.js'
import type { AnyDerived, AnyInput, AnyInterned } from './definitions.js'
import type { Slices } from './slices.js'

/** The slots of an input that hold a value, or the values of an interned definition. */
export class Records {
  /** Slots; of interned values nothing, since nothing is made from them. */
  readonly targets: Slot[] = []
  /** Arguments as records keep them: none, one primitive, or a list. Of interned values: ids. */
  readonly keys: unknown[] = []
  /** Forms of the values, and about how many bytes each takes. */
  readonly forms: unknown[] = []
  readonly weights: number[] = []
}

/** What a query was made from. */
export interface Leaves {
  readonly stamp: Stamp
  readonly deps: readonly Ref[]
  /** Of each: 1 if it has shown something else since. */
  readonly moved: readonly number[]
  /** It was made from something that has changed since in a way no dependency shows. */
  readonly isStale: boolean
  /** The definitions of what is not saved itself on the way there. */
  readonly through: ReadonlySet<Definition>
}

/** The memos of one definition: from `start` on, up to but not with `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The memos of all definitions, by number. */
export class Memos {
  /** Of all; of none, where nothing was made from any of them. */
  private readonly numbers: Map<Ref, number> = new Map()
  readonly cells: Ref[] = []
  readonly forms: unknown[] = []
  readonly weights: number[] = []
  /** What dependents saw of each. */
  readonly shown: Stamp[] = []
  /** 1: it came through a promise. */
  readonly flags: number[] = []
  /** Where the dependencies of each end: they begin where those of the one before end. */
  readonly ends: number[] = []
  /** Dependencies, and the stamps they were seen with; the value of the memo in hand. */
  readonly read: MemoBuffer = { isEvicted: false, value: undefined, isAsync: false, stamp: 0, deps: [], stamps: [] }
  /** Of each dependency: what it is (the id of a slot, or −1 − the number of a memo), and 1 if it shows something else than was seen. */
  sources: Int32Array = new Int32Array(0)
  moved: Uint8Array = new Uint8Array(0)
  /** Those that read what is not written by itself: a slot that holds nothing, an input as a whole. */
  readonly wanting: number[] = []
  /** Those that are written with other dependencies than they had: what they read is not saved itself. */
  readonly rewired: Map<number, Leaves> = new Map()
  readonly gone: Set<number> = new Set()

  /** Takes the memo that was just read. */
  add(cell: Ref, form: unknown, weight: number): void {
    const { read, cells } = this
    this.weights.push(weight + 4 * (read.deps.length - this.startOf(cells.length)))
    cells.push(cell)
    this.forms.push(form)
    this.shown.push(read.stamp)
    this.flags.push(read.isAsync ? 1 : 0)
    this.ends.push(read.deps.length)
  }

  /** Forgets the memo that was just read. */
  skip(): void {
    const { read, cells } = this
    read.deps.length = this.startOf(cells.length)
    read.stamps.length = read.deps.length
  }

  /** Where the dependencies of a memo begin. */
  startOf(memo: number): number {
    return memo === 0 ? 0 : (this.ends[memo - 1] as number)
  }

  /** To be called when all are there. Where nothing was made from any of them, none can be asked for. */
  async index(slices: Slices): Promise<void> {
    for (const [memo, cell] of this.cells.entries()) {
      this.numbers.set(cell, memo)
      if (slices.due(64)) await slices.rest()
    }
  }

  /** The memo that was read for a query, if there is one. */
  find(ref: Ref): number | undefined {
    return this.numbers.get(ref)
  }

  /** The memo that is written for it, if there is one. */
  numberOf(ref: Ref): number | undefined {
    const memo = this.numbers.get(ref)
    return memo === undefined || this.gone.has(memo) ? undefined : memo
  }

  /** By query: those that are not written themselves, and that its results were made through. */
  passedBy(): Map<Definition, Set<Definition>> {
    const found = new Map<Definition, Set<Definition>>()
    for (const [memo, { through }] of this.rewired) {
      if (this.gone.has(memo) || through.size === 0) continue
      const definition = definitionOf(this.cells[memo] as Ref)
      const all = found.get(definition) ?? new Set()
      for (const passed of through) all.add(passed)
      found.set(definition, all)
    }
    return found
  }

  /** Calls for each dependency a memo is written with. */
  eachDep(memo: number, visit: (dep: Ref) => void): void {
    const other = this.rewired.get(memo)
    if (other !== undefined) return other.deps.forEach(visit)
    const end = this.ends[memo] as number
    for (let i = this.startOf(memo); i < end; i++) visit(this.read.deps[i] as Ref)
  }

  /** Takes memos out, and all that depend on them: nothing else may stand for what they were made from. */
  async leaveOut(memos: readonly number[], slices: Slices): Promise<void> {
    if (memos.length === 0) return
    const readers = new Map<number, number[]>()
    for (let memo = 0; memo < this.cells.length; memo++) {
      this.eachDep(memo, (dep) => {
        const read = isQuery(dep) ? this.numbers.get(dep) : undefined
        if (read === undefined) return
        const list = readers.get(read)
        if (list === undefined) readers.set(read, [memo])
        else list.push(memo)
      })
      if (slices.due()) await slices.rest()
    }
    for (const memo of memos) this.gone.add(memo)
    for (const memo of this.gone) {
      for (const reader of readers.get(memo) ?? []) this.gone.add(reader)
      if (slices.due()) await slices.rest()
    }
  }
}

export interface Gathered {
  readonly inputs: ReadonlyMap<AnyInput, Records>
  readonly interned: ReadonlyMap<AnyInterned, Records>
  readonly memos: Memos
  readonly queries: ReadonlyMap<AnyDerived, Span>
  /** Memos left out because their values have no form, and why. */
  readonly omitted: readonly { readonly key: string; readonly reason: string }[]
}
