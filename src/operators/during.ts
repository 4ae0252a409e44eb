import { filter, type MonoTypeOperatorFunction } from 'rxjs'
import { check } from '../core/check.js'
import type { Revision, RuntimeEvent } from '../index.js'

/**
 * The events of one revision. It does not complete with the next one: what was begun at a revision may end much later, and still belongs
 * to it.
 *
 * @throws `InvalidDefinitionError` for anything but a number
 */
export function during<E extends RuntimeEvent>(revision: Revision): MonoTypeOperatorFunction<E> {
  check('The revision', revision, [(value) => typeof value === 'number', 'a number'])
  return filter((event) => event.revision === revision)
}
