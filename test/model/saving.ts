/** Saving the head of a history, and going on with what was saved. */
import { loadCache, MemoryPort, type OpenedDatabase, saveCache } from 'pebre/persist'
import { cellId, type State } from './naive.js'
import type { Program } from './program.js'
import { fits } from './reading.js'
import type { ViewModel } from './views.js'
import { World } from './world.js'

export interface Saved {
  readonly port: MemoryPort
  /** What the head held when it was saved; of a log, which may have gone on: then, or after one of the next commits. */
  readonly states: readonly State[]
  readonly isLog: boolean
  /** Cells whose results are in the file. */
  readonly kept: readonly string[]
}

export const FILE = 'cache'

/** Begins to save the head. `isWhole`: all queries have just been asked, so that all results that can be are saved. */
export function saveHead(world: World, isWhole = false): Saved {
  const head = world.viewAt(0)
  const port = new MemoryPort()
  const { state } = head
  const written = saveCache(world.db, { port, name: FILE }).then(
    () => {},
    (error: unknown) => {
      world.faults.push(`save: ${String(error)}`)
    },
  )
  world.written.push(written)
  return { port, states: [state], isLog: false, kept: isWhole && keepsAll(world.program) ? keptCells(world.program, head) : [] }
}

/** What a port in memory holds. */
export interface Files {
  readonly files: Map<string, { readonly bytes: Uint8Array; readonly length: number }>
}

/** At once: nothing may be written meanwhile. */
export function copyOf(port: MemoryPort): MemoryPort {
  const copy = new MemoryPort()
  const { files } = port as unknown as Files
  for (const [name, { bytes, length }] of files) (copy as unknown as Files).files.set(name, { bytes: bytes.slice(), length })
  return copy
}

/** What a process leaves behind that is killed once everything so far is written. */
export async function crash(world: World, port: MemoryPort): Promise<Saved> {
  const head = world.viewAt(0)
  const { revision } = head.state
  await (world.db as OpenedDatabase).flush()
  const copy = copyOf(port)
  world.tried.crashes++
  head.follow()
  const states = head.states.slice(revision)
  return { port: copy, states, isLog: true, kept: [] }
}

/** Another database, with what was saved. */
export async function loadWorld(program: Program, { port, kept, states, isLog }: Saved): Promise<World> {
  const world = new World({ ...program, traits: { ...program.traits, saves: null } })
  world.runs.inexact = true
  if (isLog) {
    const { report } = await world.openIn(port)
    if (report.log.damaged !== null) world.faults.push(`save: the log is damaged at ${JSON.stringify(report.log.damaged)}`)
    const found = states.findLast((state) => fits(world, world.views[0] as ViewModel, state))
    if (found === undefined) world.faults.push('save: what stood in the log is no state of the head')
    else world.startFrom(found.slots)
    return world
  }
  const { loaded } = await loadCache(world.db, { port, name: FILE }, { definitions: world.compiled.definitions })
  if (!loaded) world.faults.push('save: nothing was loaded')
  world.startFrom((states[0] as State).slots)
  for (const id of kept) world.runs.forbidden.add(id)
  return world
}

/** No value is given up, and none is newer than what was saved. */
function keepsAll({ traits }: Program): boolean {
  const { cells, lru = [], upkeep, reactions, unequal, cyclic, racing } = traits
  return cells == null && lru.length === 0 && upkeep !== true && !reactions && !unequal && !cyclic && !racing
}

/** The cells that read, however far below, neither a failure, nor what is volatile, nor what emits. */
function keptCells(program: Program, head: ViewModel): string[] {
  const known = new Map<string, boolean>()
  const isKept = (id: string): boolean => {
    const [, query, arg] = /^q(\d+)(?:\((\d+)\))?$/.exec(id) ?? []
    if (query === undefined) return true
    const before = known.get(id)
    if (before !== undefined) return before
    const { outcome, volatile, reads, emitted } = head.cell(head.state, Number(query), arg === undefined ? null : Number(arg))
    known.set(id, false)
    const relay = program.traits.relays?.[Number(query)]
    // What it has read besides may be what is not saved.
    if (relay != null && relay.before.length + relay.after.length > 0) return false
    const kept = typeof outcome !== 'string' && !volatile && emitted.length === 0 && [...reads].every(isKept)
    known.set(id, kept)
    return kept
  }
  for (const [i, { takesArg, deep }] of program.queries.entries()) if (!deep) isKept(cellId(i, takesArg ? 1 : null))
  return [...known].flatMap(([id, kept]) => (kept ? [id] : []))
}
