/** Looks at the records behind a view, for promises about edges that no public number shows. */
import type { View } from '../../src/index.js'
import type { Branch } from '../../src/core/branch.js'
import { type Cell, idOf } from '../../src/core/node.js'
import { localOf, originOf } from '../../src/core/records.js'
import type { AnyDerived } from '../../src/core/define.js'

function cellOf(view: View, query: AnyDerived, args: readonly unknown[]): Cell {
  const { branch } = view as unknown as { readonly branch: Branch }
  return localOf(branch, originOf(branch.family.head, query, args, 0, args.length)) as Cell
}

/** The revision at which what a query holds was last proved. */
export function verifiedAt(view: View, query: AnyDerived, ...args: unknown[]): number {
  return cellOf(view, query, args).verifiedAt
}

/** The ids of what a query read, in the order first read, one for each edge. */
export function edges(view: View, query: AnyDerived, ...args: unknown[]): string[] {
  const ids: string[] = []
  for (let edge = cellOf(view, query, args).deps; edge !== null; edge = edge.nextDep) ids.push(idOf(edge.dep))
  return ids
}

/** The ids of the queries that have read a query, one for each edge. */
export function dependents(view: View, query: AnyDerived, ...args: unknown[]): string[] {
  const ids: string[] = []
  for (let edge = cellOf(view, query, args).dependents; edge !== null; edge = edge.nextDependent) ids.push(idOf(edge.reader))
  return ids
}
