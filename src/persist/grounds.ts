/**
 * What results may have been made from without a link that says so: interned values, and inputs of durability `never` that are set,
 * whose readers keep no edge to them. A result is used only where all of that is what it was when the result was made.
 *
 * Sections that pass through a program which does not know them are marked as kept. What that program computes itself was not made
 * from them, and says so by not being marked.
 */
import type { AnyDefinition } from './definitions.js'
import { KEPT, type SectionHead, SETTLED } from './layout.js'

/** Whether a section holds what no link tells of. */
export const isGround = ({ type, marks }: SectionHead): boolean => type === 'interned' || (marks & SETTLED) !== 0

/** Whether results of a section may have been made from such a section of the same file. */
export function mayRestOn(results: SectionHead, ground: SectionHead): boolean {
  return results.type === 'derived' && isGround(ground) && ((results.marks & KEPT) !== 0 || (ground.marks & KEPT) === 0)
}

/** Whether a definition holds what it held when the file was made, and as firmly. */
export function isFirm(definition: AnyDefinition): boolean {
  return definition.kind === 'interned' || (definition.kind === 'input' && definition.options.durability === 'never')
}
