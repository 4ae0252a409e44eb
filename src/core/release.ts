/** What goes with a snapshot. */
import type { Branch } from './branch.js'
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
}
