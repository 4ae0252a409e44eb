/** What goes with a snapshot. */
import type { Branch, Passed } from './branch.js'
import { rootOf } from './records.js'
import { releaseFork } from './share.js'

/** A snapshot is gone. What only it held is let go: the old values in the last root too. */
export function forgetFork(parent: Branch, token: object): void {
  releaseFork(parent, token)
  if (parent.forks.size > 0) return
  if (parent.disposed && parent.parent !== null) forgetState(parent)
  else if (parent.written.length > 0) rootOf(parent)
}

/** Lets go what a disposed snapshot holds. As long as snapshots of it work with its records, these stay. */
export function forgetState(branch: Branch): void {
  branch.root = null
  branch.start = null
  branch.written = []
  branch.memos = new Map()
  branch.overlay.clear()
  branch.recalled.clear()
  branch.fixpoints = null
  if (branch.forks.size > 0) return
  branch.records?.clear()
  branch.tables.clear()
  branch.shelved.clear()
  branch.sweep = null
  branch.answers = null
  if (!branch.frozen) skipGone(branch)
}

/** Those it stems from that are gone too are held no longer, but for what tells that they were: else each would hold all before it for as long as the last one lives. */
function skipGone(branch: Branch): void {
  for (let { parent } = branch; parent !== null && parent.parent !== null && parent.disposed && parent.forks.size === 0; { parent } = branch) {
    const { token, passed } = parent
    branch.passed = { token, until: branch.base, rest: passed === null ? branch.passed : joined(branch.passed, passed) }
    branch.base = parent.base
    branch.parent = parent.parent
  }
}

function joined(few: Passed | null, many: Passed): Passed {
  let all = many
  for (let link = few; link !== null; link = link.rest) all = { ...link, rest: all }
  return all
}
