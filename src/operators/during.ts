import { filter, type MonoTypeOperatorFunction } from 'rxjs'
import type { Revision, RuntimeEvent } from '../index.js'

/**
 * The events of one revision. It does not complete with the next one: what was begun at a revision may end much later, and still belongs
 * to it.
 */
export function during<E extends RuntimeEvent>(revision: Revision): MonoTypeOperatorFunction<E> {
  return filter((event) => event.revision === revision)
}
