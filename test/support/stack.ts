/** How deep a database may go. */
import type { Branch } from '../../src/core/branch.js'
import type { Database } from '../../src/index.js'

/** So many bodies may stand on the stack before it is freed, and not as many as always. */
export function limitStack(db: Database, bodies: number): void {
  const { branch } = db as unknown as { readonly branch: Branch }
  branch.family.deepest = bodies
}
