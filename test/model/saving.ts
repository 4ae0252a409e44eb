/** Saving the head of a history, and going on with what was saved. */
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { cellId, type State } from './naive.js'
import type { Program } from './program.js'
import type { ViewModel } from './views.js'
import { World } from './world.js'

export interface Saved {
  readonly port: MemoryPort
  /** What the head held when it began to be saved. */
  readonly slots: State['slots']
  readonly written: Promise<void>
  /** Cells whose results are in the file. */
  readonly kept: readonly string[]
}

const FILE = 'cache'

/** Begins to save the head. `isWhole`: all queries have just been asked, so that all results that can be are saved. */
export function saveHead(world: World, isWhole = false): Saved {
  const head = world.viewAt(0)
  const port = new MemoryPort()
  const written = saveCache(world.db, { port, name: FILE }).then(
    () => {},
    (error: unknown) => {
      world.faults.push(`save: ${String(error)}`)
    },
  )
  return { port, slots: head.state.slots, written, kept: isWhole && keepsAll(world.program) ? keptCells(world.program, head) : [] }
}

/** Another database, with what was saved. */
export async function loadWorld(program: Program, { port, kept, slots }: Saved): Promise<World> {
  const world = new World({ ...program, traits: { ...program.traits, saves: null } })
  const { inputs, queries, symbol } = world.compiled
  const { loaded } = await loadCache(world.db, { port, name: FILE }, { definitions: [...inputs, ...queries, symbol] })
  if (!loaded) world.faults.push('save: nothing was loaded')
  world.startFrom(slots)
  world.runs.inexact = true
  for (const id of kept) world.runs.forbidden.add(id)
  return world
}

/** No value is given up, and none is newer than what was saved. */
function keepsAll({ traits }: Program): boolean {
  const { cells, lru = [], upkeep, reactions, unequal, cyclic, racing } = traits
  return cells == null && lru.length === 0 && upkeep !== true && !reactions && !unequal && !cyclic && !racing
}

/** The cells that read, however far below, neither a failure nor what is volatile. */
function keptCells(program: Program, head: ViewModel): string[] {
  const known = new Map<string, boolean>()
  const isKept = (id: string): boolean => {
    const [, query, arg] = /^q(\d+)(?:\((\d+)\))?$/.exec(id) ?? []
    if (query === undefined) return true
    const before = known.get(id)
    if (before !== undefined) return before
    const { outcome, volatile, reads } = head.cell(head.state, Number(query), arg === undefined ? null : Number(arg))
    known.set(id, false)
    const kept = typeof outcome !== 'string' && !volatile && [...reads].every(isKept)
    known.set(id, kept)
    return kept
  }
  for (const [i, { takesArg, deep }] of program.queries.entries()) if (!deep) isKept(cellId(i, takesArg ? 1 : null))
  return [...known].flatMap(([id, kept]) => (kept ? [id] : []))
}
