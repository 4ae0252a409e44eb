/** What nobody may see in an answer: values that are dropped, kept, or forgotten where others would share them. */
import { OpenedDatabase } from 'pebre/persist'
import { branchOf, nodesOf } from './invariants.js'
import type { Operation } from './operations.js'
import type { World } from './world.js'
import { isCell } from '../../src/core/node.js'

export function keepUp(world: World, { op, query, arg }: Operation & { readonly op: 'collect' | 'limit' | 'pin' | 'unpin' | 'compact' }): void {
  const { definition, args } = world.target(query, arg)
  if (op === 'collect') world.db.collect()
  else if (op === 'compact') compact(world)
  else if (op === 'limit') world.db.limit('cells', arg === 0 ? Infinity : arg)
  else if (op === 'pin') world.pins.push(world.db.pin(definition, ...args))
  else world.pins.shift()?.dispose()
}

/** The log becomes a file, while everything goes on. */
function compact({ db, faults, written }: World): void {
  if (!(db instanceof OpenedDatabase)) return
  written.push(db.compact().catch((error: unknown) => void faults.push(`save: compacting failed with ${String(error)}`)))
}

/** Nothing is left of what views would share. */
export function forget({ db }: World): void {
  for (const node of nodesOf(branchOf(db))) {
    if (!isCell(node) || node.shelf === null) continue
    node.shelf.kept.length = 0
    node.shelf.offers.length = 0
  }
}
