/**
 * Longer than 300 lines: the data of evaluations belongs together, with a line of meaning for each field.
 *
 * Where evaluations happen: the family (what all views share), its branches (the engine's side of a view), and the jobs on
 * their way in them. Data only; the files below this one say what happens to it.
 *
 *   head ──────────────●──────────●───────>      a live branch: slots, cells, edges, marks
 *                      └ frozen   └ frozen        snapshots: a root and memos; nothing is linked or marked
 *                                    └──●───>     one that is written to becomes live: records of its own, made on use
 *
 * A job is one run of "validate, else compute" of one cell at one state. While its branch stands still it works on the
 * live records. A commit that is about to move the branch first makes one frozen branch of the state being left, and
 * moves all jobs there: they go on undisturbed, and answer for the revision at which they were asked.
 */
import type { Clock } from './clock.js'
import type { Change, Journal } from './change.js'
import type { AnyAccumulator, AnyInterned, Definition } from './define.js'
import type { CycleError } from './errors.js'
import type { Audience } from './audience.js'
import type { Delivery } from './delivery.js'
import type { Hub } from './hub.js'
import { type BranchLike, type Cell, CLEAN, type Counted, type Edge, type Failure, type Mark, type Memo, type Node, type Outcome, type Slot, type Table, type Watcher, type Work } from './node.js'
import { ABSENT, FIRST_STAMP, type Revision, type Stamp } from './revision.js'
import type { Root } from './root.js'
import { Tally } from './tally.js'

export type { Change } from './change.js'

/** What evaluations ask of the engine. */
export interface Host {
  /** Reads a cell of the live branch through an edge, or without one. */
  read(frame: Evaluation, cell: Cell, edge: Edge | null): unknown
  /** Reads a cell where the evaluation does not read live records. */
  readElsewhere(frame: Evaluation, cell: Cell, tracked: boolean): unknown
  /** An evaluation has been handed a failure, or what stands in the place of one: if that is of a cycle, it may be on it too. */
  joinFailure(frame: Evaluation, outcome: Outcome): void
  /** Nothing is on the stack any more: jobs whose wait is over go on, and the world is told. */
  idle(): void
}

/** What sources ask of the rest, and it of them. */
export interface Feeding {
  /** Shows a source's key to the evaluation of its cell. */
  read(frame: Evaluation): unknown
  /** A cell has lost its last live query, or its pin. */
  unwatched(cell: Cell): void
  /** Whether the key of the cell is connected, or shows what another connection might not show again. */
  holds(cell: Cell): boolean
  /** The cell is gone. */
  forget(cell: Cell): void
  close(): void
}

export interface Settings {
  readonly clock: Clock
  readonly freeze: boolean
  readonly nestedCommits: number
  readonly stateBytes: number
  readonly onNotice: ((notice: string) => void) | null
}

/** Thrown through user code to free the stack when it is too deep: this cell is to be computed first, from below. */
export interface Unwind {
  readonly branch: Branch
  readonly cell: Cell
}

/** One evaluation of a body, as the engine sees it. */
export interface Evaluation {
  readonly cell: Cell
  branch: Branch
  readonly run: number
  /** READING: straight from the live records. ELSEWHERE: through the job. ENDED: not at all. */
  state: 0 | 1 | 2
  /** The run, while its tracker may read straight through the edges of the run before: nobody is told of hits, and what it has read is told by numbers. */
  quick: number
  /** The last edge read. */
  tail: Edge | null
  /** The newest change among what was read. */
  changedAt: Revision
  /** VOLATILE and TAINTED, as they come up. */
  flags: number
  job: Job | null
  /** The stamp of an outcome whose value was evicted: the run brings it back. */
  keeps: Stamp
  /** Who called, while the synchronous part is on the stack. */
  parent: Evaluation | null
  /** It was found to take part in a cycle: that is its outcome, whatever its body does. */
  cycle: CycleError | null
  /** The evaluation of that cycle that stands lowest on the stack, or stood there before it was freed. */
  ring: Evaluation | null
  /** Errors of cycles that it is not on and whose members it has read. */
  met: CycleError[] | null
  /** The cell it has asked for last that did not stand. */
  asks: Cell | null
  /** Why it runs and since when, where somebody listens. */
  trace: { readonly cause: string; startedAt: number; isTold?: boolean } | null
}

export const READING = 0
export const ELSEWHERE = 1
export const ENDED = 2

/**
 * Who is on a cycle, as records of the head, and those of them that are still at work. `lost`: those whose run was given up, so that nobody knows what
 * else they would have read. `joined`: the one that it was found to be part of.
 */
export interface Ring {
  readonly members: Set<Cell>
  readonly working: Set<Evaluation>
  readonly lost: Set<Cell>
  joined: Ring | null
}

/** Places for tables, by the hash of their definitions; a power of two of them. */
export function emptyPlaces(length: number): (Table | undefined)[] {
  return Array.from({ length }, () => undefined)
}

/** What the short ways leave to the long ones: see `Family.rare`. */
export const CYCLES = 1
export const VOLATILES = 2
export const INVALIDATED = 4
/** Somebody listens to events of the head. */
export const HEARD = 8
/** Snapshots of the head are alive. */
export const FORKED = 16
export const CLOSED = 32
/** What inputs may hold is limited. */
export const LIMITED = 64
/** Some input has a durability above low. */
export const DURABLE = 256
/** Some cycle had an answer. */
export const ANSWERED = 128

/** The records that were read, and the stamps they showed. */
export type Reads = Pick<Memo, 'deps' | 'stamps'>

/** One round of a cycle that is being answered. */
export interface Solving {
  shows(cell: Cell): boolean
  grow(heads: readonly Cell[]): void
  note(cell: Cell, reads: Reads): boolean
  peek(cell: Cell, dep: Cell): void
  /** A cell that stands has read the cycle that is being answered. */
  isOn(cell: Cell): boolean
}

/** A cycle that is answered by rounds, or was. */
export interface Solved {
  readonly state: 'working' | 'done'
  has(cell: Cell): boolean
  /** An evaluation was given up, which may have waited for the answer. */
  reconsider(reason: unknown): void
}

/** One interned value. `isMutable`: it holds dates or bytes, and whoever gets it gets a copy. */
export interface InternEntry {
  readonly definition: AnyInterned
  readonly value: unknown
  readonly isMutable: boolean
}

/** All interned values, in the order in which they were. */
export interface InternTable {
  /** Drawn with the first entry. */
  lineage: number
  count: number
  /** Estimated size, where it is limited. */
  bytes: number
  readonly byId: Map<number, InternEntry>
  readonly byDefinition: Map<AnyInterned, { readonly byPrimitive: Map<unknown, number>; readonly byText: Map<string, number> }>
}

/** A limit on values. */
export interface Swept extends Counted {
  sweep(evict: (cell: Cell) => boolean): void
}

/** What all views of one database share. */
export class Family {
  readonly settings: Settings
  readonly delivery: Delivery
  readonly names: Map<string, Definition | AnyInterned | AnyAccumulator> = new Map()
  /** How often cells of the head are pinned. */
  readonly pins: Map<Cell, number> = new Map()
  readonly interned: InternTable = { lineage: 0, count: 0, bytes: 0, byId: new Map(), byDefinition: new Map() }
  /** The head's tables, to be found faster than in a map. */
  places: (Table | undefined)[] = emptyPlaces(64)
  stamps: Stamp = FIRST_STAMP
  runs = 0
  slots = 0
  /** The evaluation whose synchronous part is on top of the stack. */
  active: Evaluation | null = null
  /** Evaluations that have ended and may serve again, linked by their parents. */
  spare: Evaluation | null = null
  /** How many bodies are on the stack. */
  depth = 0
  /** How many may be before it is freed from below; so deep goes validation by recursion, too. */
  deepest = 150
  /** The depth from which the stack is counted: that of the innermost asynchronous body. */
  floor = 0
  unwind: Unwind | null = null
  /** Runs that were given up to free the stack, the outermost first, and who needed them: the evaluation down to which it was freed. */
  readonly givenUp: { readonly at: Evaluation; readonly below: Evaluation | null }[] = []
  /** Cells of frozen branches that were being proved when the stack was freed: they still are. */
  readonly lookedFor: { readonly branch: Branch; readonly cell: Cell }[] = []
  /** Branches with runs that were given up and have not begun anew. */
  readonly unwoundIn: Set<Branch> = new Set()
  /** Each cycle that was found. */
  readonly rings: WeakMap<CycleError, Ring> = new WeakMap()
  /** The failures in whose place fallbacks stand, by the cells and memos that hold these: they say who else is on the cycle. */
  readonly fallbacks: WeakMap<Outcome, Failure> = new WeakMap()
  /** Memos that come from other views, whose revisions say nothing here, also where they are on no shelf any more. */
  readonly offered: WeakSet<Memo> = new WeakSet()
  /** Jobs whose wait is over. */
  readonly wakes: Job[] = []
  draining = false
  /** Jobs on their way, in all branches, and how many were ever opened. */
  jobs = 0
  opened = 0
  /** Called whenever nothing is on the stack any more. */
  readonly afterIdle: Set<() => void> = new Set()
  /** Live queries reached by marks and not yet told. */
  reached: Watcher[] = []
  /** Marks the jobs a search of the wait graph has visited. */
  search = 0
  /** Which of the rare things below are so: the short ways look at this alone. */
  rare = 0
  /** Batch callbacks on the stack: nothing is told meanwhile. */
  collecting = 0
  /** A caller's equality of inputs is on the stack. */
  comparing = false
  /** Values that were frozen already. */
  readonly frozen: WeakSet<object> = new WeakSet()
  /** Where the number of values of the whole database is limited; and all limits there are. */
  bound: Counted | null = null
  readonly bounds: Swept[] = []
  evictions = 0
  /** Queries that somebody watches, in any view. */
  lives = 0
  /** Jobs of sources, which wait for their first value. */
  unfed = 0
  /** What happened to evaluations of no name: those of `read`, `live` and `effect`. */
  readonly unnamed: Tally = new Tally()
  /** Told of the commits of the head, as they are made. */
  journal: Journal | null = null
  /** How many times anybody subscribed to a live query. */
  subscriptions = 0
  /** The hubs of all views alive, and the branches that have jobs: what `close` must end. */
  readonly hubs: Set<Hub> = new Set()
  readonly busy: BusyBranches = new BusyBranches()
  /** Cycles that are being answered by asynchronous queries. */
  readonly solving: Set<Solved> = new Set()
  /** Waits for snapshots to be collected that were not disposed of; made with the first. */
  dropped: FinalizationRegistry<{ readonly parent: Branch; readonly token: object; readonly hub: Hub }> | null = null
  head!: Branch
  /** Why evaluations are given up that nobody watches any more; made when first needed. */
  abandoned: DOMException | null = null
  feeds!: Feeding
  /** How many runs have dropped something their run before had read. */
  cuts = 0
  /** How many times records were let go. */
  collections = 0
  readonly host: Host
  /** Puts the live queries reached in the queue. */
  deliverLive: () => void = () => {}

  /** Some cycle was found. */
  get hasCycles(): boolean {
    return (this.rare & CYCLES) !== 0
  }

  /** Some body was volatile. */
  get hasVolatile(): boolean {
    return (this.rare & VOLATILES) !== 0
  }

  /** Some cell was invalidated by hand. */
  get invalidated(): boolean {
    return (this.rare & INVALIDATED) !== 0
  }

  /** Some input has a durability above low. */
  get isDurable(): boolean {
    return (this.rare & DURABLE) !== 0
  }

  get closed(): boolean {
    return (this.rare & CLOSED) !== 0
  }

  /** Nothing rare is so but that snapshots are alive, nothing is on the stack, and nothing being told. */
  get isCalm(): boolean {
    return (this.rare & ~FORKED) === 0 && this.journal === null && this.active === null && !this.comparing && !this.delivery.delivering
  }

  /** A cell that must keep its value. */
  isPinned(cell: Cell): boolean {
    return this.pins.has(cell)
  }

  /** Says whether one of the rare things is so. */
  note(which: number, isSo: boolean): void {
    this.rare = isSo ? this.rare | which : this.rare & ~which
  }

  constructor(settings: Settings, delivery: Delivery, host: Host) {
    this.settings = settings
    this.delivery = delivery
    this.host = host
    this.note(LIMITED, settings.stateBytes !== Infinity)
  }
}

/** A value that a slot held, and its stamp there. */
export interface Recalled {
  readonly value: unknown
  readonly stamp: Stamp
}

/** Branches that have jobs, in the order in which they got the first: a list, since a set is given memory anew every few times something leaves it. */
export class BusyBranches implements Iterable<Branch> {
  private first: Branch | null = null
  private last: Branch | null = null
  size = 0

  /** It is not among them. */
  add(branch: Branch): void {
    this.size++
    branch.previousBusy = this.last
    if (this.last === null) this.first = branch
    else this.last.nextBusy = branch
    this.last = branch
  }

  /** It is among them. */
  delete(branch: Branch): void {
    this.size--
    const { previousBusy, nextBusy } = branch
    if (previousBusy === null) this.first = nextBusy
    else previousBusy.nextBusy = nextBusy
    if (nextBusy === null) this.last = previousBusy
    else nextBusy.previousBusy = previousBusy
    branch.previousBusy = null
    branch.nextBusy = null
  }

  *[Symbol.iterator](): Generator<Branch> {
    for (let branch = this.first; branch !== null; branch = branch.nextBusy) yield branch
  }
}

/** A branch that is gone and in the line of another: what stood there by `until` has stood in that one too. */
export interface Passed {
  readonly token: object
  readonly until: Revision
  readonly rest: Passed | null
}

/** The engine's side of a view. */
export class Branch implements BranchLike {
  readonly family: Family
  /** What it was taken from. Of one that is gone: the nearest that is not gone too. */
  parent: Branch | null
  /** Those in between. */
  passed: Passed | null = null
  readonly hub: Hub
  /** The parent's revision this one was taken at. */
  base: Revision
  revision: Revision
  /** Nobody has written to it: it has a root and memos, and no records of its own. */
  frozen: boolean
  /** What a snapshot held when it was taken, or when its changes were last promoted. */
  start: Root | null
  /** Inputs as of `rootRevision`; null until somebody needs one. */
  root: Root | null
  rootRevision: Revision
  /** The last revision at which an input changed of each durability or a higher one. */
  readonly changedLevels: number[]
  /** Slots written since. */
  written: Slot[] = []
  readonly tables: Map<Definition, Table> = new Map()
  /** Estimated size of what the inputs hold, queued writes included, where it is limited. */
  bytes: number
  /** Only in a branch that was written to: its records by those of the head. */
  records: Map<Node, Node> | null = null
  /** In a frozen branch, by records of the head: what stands there, the job that will tell, or null: being looked for. */
  memos: Map<Cell, Memo | Job | null>
  /** Those jobs that work on the present state. */
  jobs: Job | null = null
  /** Its neighbours among the branches that have jobs. */
  previousBusy: Branch | null = null
  nextBusy: Branch | null = null
  /** Live queries by the record of the head they watch. */
  readonly lives: Map<Cell, Watcher> = new Map()
  /** Subscribers of `revision$`, once there was one. */
  revisions: Audience<Revision> | null = null
  /** Nodes of inputs somebody asked for, by slots of the head. */
  readonly nodes: Map<Slot, { move(): void }> = new Map()
  /** Writes of subscribers that wait for their turn: how many, and what the slots will show. */
  queued = 0
  readonly overlay: Map<Slot, Change> = new Map()
  /** Live queries that look at every revision. */
  readonly passing: Set<Watcher> = new Set()
  /** The snapshots alive, by their token: the revision and the number at which each was taken. */
  readonly forks: Map<object, { readonly base: Revision; readonly serial: number }> = new Map()
  /** The numbers of those, rising. */
  readonly alive: number[] = []
  /** How many snapshots were ever taken. */
  serial = 0
  lastFork: Revision = -1
  /** Cells with a shelf. */
  readonly shelved: Set<Cell> = new Set()
  /** Where looking through the shelves stands. */
  sweep: SetIterator<Cell> | null = null
  /** What slots held that were overwritten while snapshots were alive: the newest few values, with their stamps. */
  readonly recalled: Map<Slot, Recalled[]> = new Map()
  /** The inputs of a snapshot were taken over: what was computed with them is wanted, even if the snapshot goes. */
  hasTaken = false
  /** The numbers of the snapshots whose inputs were taken over last, the latest first. */
  readonly taken: number[] = []
  /** Its place among the parent's forks. */
  readonly token: object = {}
  disposed = false
  /** The round that is computed here. */
  solving: Solving | null = null
  /** The cycles that were answered at this revision. */
  fixpoints: Solved[] | null = null
  /** Cells whose runs are given up at present; and those that have not begun anew, with what has been found of them. */
  givenUp: Set<Cell> | null = null
  unwound: Map<Cell, Evaluation> | null = null
  /** What says whether answers hold that somebody depended on. */
  answers: Set<Cell> | null = null
  /** Made for jobs that a commit overtook: it goes when the last of them has ended. */
  hidden = false

  constructor(family: Family, parent: Branch | null, hub: Hub, root: Root | null) {
    this.family = family
    this.parent = parent
    this.hub = hub
    this.base = parent === null ? 0 : parent.revision
    this.revision = this.base
    this.frozen = parent !== null
    this.start = root
    this.root = root
    this.rootRevision = this.base
    this.memos = new Map()
    this.changedLevels = parent === null ? [0, 0, 0, 0] : parent.changedLevels.slice()
    this.bytes = parent?.bytes ?? 0
  }

  /** The branch whose records and edges evaluations in this one use: itself where it is written to. */
  get home(): Branch {
    return this.frozen ? (this.parent as Branch).home : this
  }
}

/** WAITING: on other jobs, or for its turn. RUNNING: on the stack. SUSPENDED: the body awaits something. */
export type Phase = 'waiting' | 'running' | 'suspended' | 'done'

/** A promise that somebody holds already. */
export interface Deferred {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What a body has come to. */
export interface BodyEnd {
  readonly failed: boolean
  readonly value: unknown
}

/** One run of "validate, else compute" of one cell at one state. */
export class Job implements Work {
  readonly cell: Cell
  branch: Branch
  phase: Phase = 'waiting'
  touched: Mark = CLEAN
  isLate = false
  run = 0
  frame: Evaluation | null = null
  /** Where the walk over the live edges stands; meaningful while it owns the cell. */
  edge: Edge | null = null
  /** The memos that may hold in a frozen branch, and where the walk over their dependencies stands. */
  candidates: readonly Memo[] | null = null
  candidate = 0
  index = 0
  /** What a run has read that owns no edges. */
  reads: Map<Node, Stamp> | null = null
  /** Who waits for it, and what it waits for. */
  waiters: Wait | null = null
  waits: Wait | null = null
  /** Callers that cannot leave. */
  holders = 0
  /** The promise of callers outside, and that of queries. */
  outer: Deferred | null = null
  inner: Deferred | null = null
  controller: AbortController | null = null
  cancelled = false
  /** It must not wait for what it validates with: it runs instead. */
  surrendered = false
  /** The job of another view that it waits for: what that finds is to be looked at. */
  follows: Job | null = null
  /** The stamp of the value that its result was found to differ from. */
  against: Stamp = ABSENT
  /** While the evaluation must not end although its body has: see `mustStay`. */
  held: BodyEnd | null = null
  /** Why nobody waits any more. */
  reason: unknown = undefined
  previous: Job | null = null
  next: Job | null = null
  visited = 0

  constructor(cell: Cell, branch: Branch) {
    this.cell = cell
    this.branch = branch
  }
}

/** Somebody who is no job and waits for one. */
export interface Outsider {
  /** It has ended, with an outcome that is to be read at once; null: it was cancelled. */
  ended(outcome: Outcome | null): void
}

/** "`waiter` waits for `target`", in the lists of both. Callers outside have no job. */
export class Wait {
  readonly target: Job
  readonly waiter: Job | null
  /** The read to be completed with the stamp of the answer, and its run. */
  readonly edge: Edge | null
  readonly dep: Node | null
  readonly run: number
  readonly outsider: Outsider | null
  nextWaiter: Wait | null = null
  previousWaiter: Wait | null = null
  nextWait: Wait | null = null
  previousWait: Wait | null = null

  constructor(target: Job, waiter: Job | null, edge: Edge | null, dep: Node | null, run: number, outsider: Outsider | null) {
    this.target = target
    this.waiter = waiter
    this.edge = edge
    this.dep = dep
    this.run = run
    this.outsider = outsider
  }
}
