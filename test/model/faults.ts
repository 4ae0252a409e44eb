/** Faults that are tried beside a history: callers that leave at every point in turn, and files that were spoiled. */
import { CacheError, loadCache, LogError, type MemoryPort, OpenedDatabase } from 'pebre/persist'
import type { Random } from 'pebre/testing'
import type { State } from './naive.js'
import type { Operation } from './operations.js'
import type { Program } from './program.js'
import { fits } from './reading.js'
import { copyOf, FILE, type Files, type Saved } from './saving.js'
import type { ViewModel } from './views.js'
import { World } from './world.js'

/** How many points there are in the longest evaluation that is left. */
const POINTS = 40

/** A program without what ends its history in another way. */
export const leavable = (program: Program): Program => ({ ...program, traits: { ...program.traits, aborts: true, closes: false, saves: null, logs: false } })

/**
 * Histories in which a caller leaves: the first at once, each next one a step later. Another caller asks for the same in the middle, or a commit
 * comes; in the end everything is asked for.
 */
export function* departures({ queries }: Program, operations: readonly Operation[], rng: Random): Generator<readonly Operation[]> {
  const writes = operations.filter(({ op }) => op === 'write').slice(0, 4)
  const query = queries.length - 1 - rng.int(Math.min(4, queries.length))
  const ask = (leaving: boolean): Operation => ({ op: 'get', view: 0, query, arg: 1, leaving })
  const second = rng.pick<readonly Operation[]>([[], [ask(false)], [ask(true)], writes.slice(-1)])
  const last = writes.slice(0, -1)
  for (let point = 0; point < POINTS; point++) {
    const steps = Array.from({ length: point }, (_, i): Operation => (i % 4 === 3 ? { op: 'step', nth: rng.int(9) } : { op: 'ticks', count: 1 }))
    const middle = rng.int(point + 1)
    yield [...last, ask(true), ...steps.slice(0, middle), ...second, ...steps.slice(middle), { op: 'abort', nth: 0 }]
  }
}

/** Some bytes of a file are turned over, cut off, put in or repeated. */
function spoil(bytes: Uint8Array, rng: Random): Uint8Array {
  const spoiled = [...bytes]
  const at = rng.int(spoiled.length)
  const how = rng.int(4)
  if (how === 0) spoiled[at] = (spoiled[at] as number) ^ (1 << rng.int(8))
  else if (how === 1) spoiled.splice(at)
  else if (how === 2) spoiled.splice(at, rng.int(40), ...Array.from({ length: rng.int(40) }, () => rng.int(256)))
  else spoiled.splice(at, 0, ...spoiled.slice(rng.int(spoiled.length)))
  return Uint8Array.from(spoiled)
}

/** Spoils what was saved and loads it: it is refused and nothing has changed, or what is there is a state that was. */
export async function tryDamaged(before: World, { port, isLog }: Saved, rng: Random): Promise<void> {
  const copy = copyOf(port)
  const { files } = copy as unknown as Files
  const name = rng.pick([...files.keys()])
  const { bytes, length } = files.get(name) ?? { bytes: new Uint8Array(), length: 0 }
  if (length === 0) return
  const whole = bytes.slice(0, length)
  const spoiled = spoil(whole, rng)
  if (Buffer.compare(whole, spoiled) === 0) return
  files.set(name, { bytes: spoiled, length: spoiled.length })
  before.tried.damaged++
  const world = new World({ ...before.program, traits: { ...before.program.traits, saves: null, events: false, hostile: false } })
  const found = await (isLog ? openDamaged(world, copy, before.views[0]?.states ?? []) : loadDamaged(world, copy))
  if (found !== null) before.faults.push(`damaged: of ${name}, ${found}`)
  before.faults.push(...world.faults)
}

async function loadDamaged(world: World, port: MemoryPort): Promise<string | null> {
  const { definitions } = world.compiled
  try {
    await loadCache(world.db, { port, name: FILE }, { definitions })
    return 'what was spoiled is loaded'
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    const { inputs: slots, queries: cells } = world.db.stats()
    return world.db.revision + slots + cells === 0 ? null : 'something is left of what was refused'
  }
}

async function openDamaged(world: World, port: MemoryPort, states: readonly State[]): Promise<string | null> {
  try {
    await world.openIn(port)
  } catch (error) {
    if (error instanceof LogError || error instanceof CacheError) return null
    throw error
  }
  const isKnown = states.some((state) => fits(world, world.views[0] as ViewModel, state))
  if (world.db instanceof OpenedDatabase) await world.db.close()
  return isKnown ? null : 'a state was opened that never was'
}
