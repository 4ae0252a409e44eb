/** What edits leave behind goes from time to time, and what is needed stays. */
import { record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { file } from '../src/inputs.js'
import { createLog } from '../src/log.js'
import { page, report } from '../src/queries.js'
import { show } from '../src/show.js'
import { dropUnused } from '../src/upkeep.js'
import { memorySite } from './support/memory.js'

const log = createLog('silent', process.stdout)
const text = (edit: number): string => `# A\n\n\`\`\`txt\nedit ${edit}\n\`\`\`\n\n[to](/nowhere-${edit})`

it('a thousand edits of code and links leave no more queries than a hundred do', async () => {
  const db = memorySite({ 'a.md': text(0), 'b.md': '# B' })
  await db.get(report)
  const { queries } = db.stats()
  const dropping = dropUnused(db, log)
  for (let edit = 1; edit <= 1000; edit++) {
    db.set(file, 'a.md', text(edit))
    await db.get(report)
  }
  // A block, a link, and where that might lead to, for each edit since the last time.
  expect(db.stats().queries).toBeLessThan(queries + 4 * 110)
  dropping.unsubscribe()
  db.close()
})

it('the pages, and those that browsers follow, are not made again', async () => {
  const db = memorySite({ 'a.md': text(0), 'b.md': '# B' })
  const missing = db.live((q) => show(q, '/later')).subscribe()
  await db.get(report)
  dropUnused(db, log)
  for (let edit = 1; edit <= 200; edit++) {
    db.set(file, 'a.md', text(edit))
    await db.get(report)
  }
  const lines = record(db)
  await db.get(report)
  await db.get(page, 'b.md')
  expect(lines.take()).toEqual([])
  missing.unsubscribe()
  db.close()
})
