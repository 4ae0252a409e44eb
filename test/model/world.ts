/** What a history works on: a program, a real database, and the model's side of its views, calls and subscriptions. */
import { Scheduler } from 'pebre/testing'
import { openDatabase, type OpenedDatabase, type Port } from 'pebre/persist'
import { createDatabase, type Database, type DatabaseOptions, type Pin, type View } from '../../src/index.js'
import { compile, type Compiled, type ProgramQuery } from './interpret.js'
import { branchOf } from './invariants.js'
import type { Outcome, State } from './naive.js'
import type { Operation } from './operations.js'
import { DEPTH, type Kind, type Program, type QuerySpec } from './program.js'
import { limitStack } from '../support/stack.js'
import { RunCounter } from './runs.js'
import type { SubscriptionModel } from './subscription.js'
import { ViewModel } from './views.js'

/** A call that was answered by a promise. */
export interface Call {
  readonly name: string
  readonly view: ViewModel
  readonly controller: AbortController | null
  settled: boolean
  aborted: boolean
}

/** What subscribers throw, and batches, updates and functions of callers. */
export const thrown = new Error('thrown on purpose')

/** How many faults were tried. */
export interface Tried {
  /** Callers that left. */
  abandoned: number
  /** Subscribers that threw. */
  thrown: number
  /** Keys, values and functions that are none. */
  hostile: number
  /** Files that were spoiled. */
  damaged: number
  /** Logs left as a crash would leave them. */
  crashes: number
}

/** A query of the program with the argument it takes in this program, if any. */
export interface Target {
  readonly query: number
  readonly arg: number | null
  readonly args: number[]
  readonly definition: ProgramQuery
  readonly kind: Kind
}

export class World {
  readonly program: Program
  readonly scheduler: Scheduler = new Scheduler()
  readonly runs: RunCounter
  readonly compiled: Compiled
  db: Database
  readonly views: ViewModel[] = []
  readonly calls: Call[] = []
  readonly subscriptions: SubscriptionModel[] = []
  /** What went wrong. The first word of each is its kind. */
  readonly faults: string[] = []
  /** Some query of the program is never equal to what it was. */
  readonly mayRepeat: boolean
  closed = false
  /** Answers compared, bodies let go on while several waited, and the order in which all were. */
  answers = 0
  choices = 0
  order = 0
  /** Faults tried. */
  readonly tried: Tried = { abandoned: 0, thrown: 0, hostile: 0, damaged: 0, crashes: 0 }
  /** What subscribers have thrown that the database has told of. */
  reported = 0
  readonly pins: Pin[] = []
  /** Files that are being written. */
  readonly written: Promise<unknown>[] = []
  /** Does an operation in the name of a subscriber. */
  react: (operation: Operation) => void = () => {}
  private version = 0
  private names = 0

  constructor(program: Program) {
    this.program = program
    this.mayRepeat = program.queries.some(({ neverEqual }) => neverEqual)
    this.runs = new RunCounter(program, () => this.views[0] as ViewModel)
    this.compiled = compile(program, this.scheduler, this.runs)
    this.db = createDatabase(this.options())
    this.prepare()
    this.addView(this.db, 'head', { revision: 0, slots: new Map() }, null)
  }

  private options(): DatabaseOptions {
    const { cells, freeze } = this.program.traits
    return { limits: { cells: cells ?? Infinity }, freeze: freeze ?? true, onUnhandledError: (error) => this.report(error) }
  }

  private prepare(): void {
    const { shallow } = this.program.traits
    if (shallow !== undefined) limitStack(this.db, shallow)
  }

  private report(error: unknown): void {
    if (error === thrown) this.reported++
    else this.faults.push(`reported: ${String(error)}`)
  }

  /** What a subscriber does in the end, where it is hostile. */
  throwAsSubscriber(): void {
    if (this.program.traits.hostile !== true) return
    this.tried.thrown++
    throw thrown
  }

  /** The database is what stands in this place, and writes its commits there. */
  async openIn(port: Port): Promise<OpenedDatabase> {
    const opened = await openDatabase(port, { ...this.options(), definitions: this.compiled.definitions })
    this.db = opened
    this.prepare()
    this.startFrom(new Map())
    return opened
  }

  /** The head holds this, and not what a new database holds. */
  startFrom(slots: State['slots']): void {
    this.views.length = 0
    this.addView(this.db, 'head', { revision: this.db.revision, slots }, null)
  }

  addView(view: View, name: string, state: State, parent: ViewModel | null): void {
    const model = new ViewModel(view, name, this.program, state, parent)
    model.onState = (before, after) => {
      for (const subscription of this.subscriptions) if (subscription.view === model) subscription.committed(before, after)
    }
    this.views.push(model)
  }

  get alive(): ViewModel[] {
    return this.views.filter(({ disposed }) => !disposed)
  }

  /** One of the views alive, up to date. */
  viewAt(view: number): ViewModel {
    const { alive } = this
    const model = alive[view % alive.length] as ViewModel
    model.follow()
    return model
  }

  target(query: number, arg: number): Target {
    const { takesArg, deep, kind } = this.program.queries[query] as QuerySpec
    const own = takesArg ? (deep ? arg * DEPTH : arg) : null
    return { query, arg: own, args: own === null ? [] : [own], definition: this.compiled.queries[query] as ProgramQuery, kind }
  }

  /** A name for a call or a subscription. */
  name(what: string, model: ViewModel): string {
    return `${what} ${++this.names} in ${model.name} at ${model.state.revision}`
  }

  nextVersion(): number {
    return ++this.version
  }

  /** As `stats` tells them, which also counts by definition. */
  get jobs(): number {
    return branchOf(this.db).family.jobs
  }

  get evictions(): number {
    return branchOf(this.db).family.evictions
  }

  /** Lets a body go on. */
  release(nth: number): void {
    const { size } = this.scheduler
    if (size > 1) this.choices++
    if (size > 0) this.order = (Math.imul(this.order, 31) + size * 16 + (nth % size) + 1) | 0
    this.scheduler.release(nth)
  }

  compare(name: string, outcome: Outcome, expected: Outcome): void {
    this.answers++
    if (outcome !== expected) this.faults.push(`answer: ${name} gave ${outcome}, and it is ${expected}`)
  }
}
