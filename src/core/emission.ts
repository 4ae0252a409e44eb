/**
 * What bodies emit. Items belong to the outcome of a run, as its dependencies do: they are gathered on its frame, placed in the cell with the
 * outcome, and go into memos with it.
 */
import type { Family } from './branch.js'
import type { AnyAccumulator } from './define.js'
import { deepFreeze } from './equality.js'
import { InvalidDefinitionError } from './errors.js'
import type { Frame } from './frame.js'
import { EMITTED } from './node.js'
import { checkUnique } from './records.js'

/** @throws InvalidDefinitionError, DuplicateDefinitionError */
export function checkAccumulator({ names }: Family, channel: AnyAccumulator): void {
  if (channel?.kind !== 'accumulator') throw new InvalidDefinitionError('The first argument must be a definition made by accumulator.')
  checkUnique(names, channel)
}

/** @throws InvalidDefinitionError, DuplicateDefinitionError */
export function emit(frame: Frame, channel: AnyAccumulator, item: unknown): void {
  const { family } = frame.branch
  checkAccumulator(family, channel)
  if (family.settings.freeze) deepFreeze(item, family.frozen)
  // A frame whose run was plain so far would be used again.
  frame.flags |= EMITTED
  frame.emitted ??= new Map()
  const items = frame.emitted.get(channel)
  if (items === undefined) frame.emitted.set(channel, [item])
  else items.push(item)
}
