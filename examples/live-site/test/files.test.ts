/** A real folder, followed by a real watcher. */
import { mkdir, rename, rm, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createDatabase, type Database } from 'pebre'
import { filter, firstValueFrom } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { locate, openFolder, type Watching, watchFolder } from '../src/files.js'
import { asset, file, template } from '../src/inputs.js'
import { defaultTemplate } from '../src/template.js'
import { put, temporaryFolder } from './support/process.js'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function follow(root: string): Promise<Database> {
  const db = createDatabase()
  const errors: unknown[] = []
  const watching: Watching = await watchFolder(db, root, (error) => errors.push(error))
  ends.push(async () => {
    await watching.close()
    db.close()
    expect(errors).toEqual([])
  })
  return db
}

/** Waits until the texts of all pages are these. */
async function hold(db: Database, expected: Readonly<Record<string, string>>): Promise<void> {
  const now = db.live((q) => Object.fromEntries(q.entries(file).entries()))
  await firstValueFrom(now.pipe(filter((texts) => isDeepStrictEqual(texts, expected))))
}

describe('a folder', () => {
  it('is in the database when it has been loaded; what is hidden is not', async () => {
    const root = await temporaryFolder({
      'a.md': '\uFEFF# A', 'sub/b.md': '# B', 'sub/c.txt': 'c', 'template.html': '{{ content }}', '.git/config': 'x', '.env': 'SECRET=1', 'node_modules/x/README.md': 'x',
    })
    const db = await follow(root)
    await hold(db, { 'a.md': '# A', 'sub/b.md': '# B' })
    expect(db.keys(asset)).toEqual(['sub/c.txt'])
    expect(db.get(template)).toBe('{{ content }}')
    expect(db.revision).toBe(1)
  })

  it('edits, new files, deletes and renames arrive; of folders too', async () => {
    const root = await temporaryFolder({ 'a.md': 'a', 'old/b.md': 'b', 'old/deep/c.md': 'c' })
    const db = await follow(root)
    await put(root, 'a.md', 'a2')
    await hold(db, { 'a.md': 'a2', 'old/b.md': 'b', 'old/deep/c.md': 'c' })
    await put(root, 'new/d.md', 'd')
    await hold(db, { 'a.md': 'a2', 'old/b.md': 'b', 'old/deep/c.md': 'c', 'new/d.md': 'd' })
    await rename(join(root, 'a.md'), join(root, 'z.md'))
    await hold(db, { 'z.md': 'a2', 'old/b.md': 'b', 'old/deep/c.md': 'c', 'new/d.md': 'd' })
    await rename(join(root, 'old'), join(root, 'moved'))
    await hold(db, { 'z.md': 'a2', 'moved/b.md': 'b', 'moved/deep/c.md': 'c', 'new/d.md': 'd' })
    await put(root, 'moved/deep/c.md', 'c2')
    await hold(db, { 'z.md': 'a2', 'moved/b.md': 'b', 'moved/deep/c.md': 'c2', 'new/d.md': 'd' })
    await rm(join(root, 'moved'), { recursive: true })
    await rm(join(root, 'new/d.md'))
    await hold(db, { 'z.md': 'a2' })
  })

  it('a folder that is moved here, and edits far down in it', async () => {
    const outside = await temporaryFolder({ 'here/far/down/e.md': 'e' })
    const root = await temporaryFolder({ 'a.md': 'a' })
    const db = await follow(root)
    await rename(join(outside, 'here'), join(root, 'here'))
    await hold(db, { 'a.md': 'a', 'here/far/down/e.md': 'e' })
    await put(root, 'here/far/down/e.md', 'e2')
    await hold(db, { 'a.md': 'a', 'here/far/down/e.md': 'e2' })
  })

  it('a file that replaces another at once, as editors save', async () => {
    const root = await temporaryFolder({ 'a.md': 'a' })
    const db = await follow(root)
    await put(root, 'a.md~', 'a2')
    await rename(join(root, 'a.md~'), join(root, 'a.md'))
    await hold(db, { 'a.md': 'a2' })
  })

  it('a file that was only touched starts no revision', async () => {
    const root = await temporaryFolder({ 'a.md': 'a', 'b.md': 'b', 'p.png': 'p' })
    const db = await follow(root)
    await utimes(join(root, 'a.md'), new Date(), new Date())
    await utimes(join(root, 'p.png'), new Date(), new Date())
    await put(root, 'a.md', 'a')
    await put(root, 'b.md', 'b2')
    await hold(db, { 'a.md': 'a', 'b.md': 'b2' })
    expect(db.revision).toBe(2)
  })

  it('the template comes and goes', async () => {
    const root = await temporaryFolder({ 'a.md': 'a' })
    const db = await follow(root)
    expect(db.get(template)).toBe(defaultTemplate)
    await put(root, 'template.html', 'mine {{ content }}')
    await firstValueFrom(db.node(template).pipe(filter((text) => text.startsWith('mine'))))
    await rm(join(root, 'template.html'))
    await firstValueFrom(db.node(template).pipe(filter((text) => text === defaultTemplate)))
  })

  it('links out of the folder are no part of it, at any time', async () => {
    const outside = await temporaryFolder({ 'secret.md': 'secret', 'secret.txt': 'secret' })
    const root = await temporaryFolder({ 'a.md': 'a' })
    await symlink(join(outside, 'secret.md'), join(root, 'link.md'))
    await symlink(outside, join(root, 'folder'))
    await symlink(join(root, 'a.md'), join(root, 'within.md'))
    const db = await follow(root)
    await hold(db, { 'a.md': 'a', 'within.md': 'a' })
    await symlink(join(outside, 'secret.txt'), join(root, 'late.txt'))
    await mkdir(join(root, 'sub'))
    await symlink(join(outside, 'secret.md'), join(root, 'sub/late.md'))
    await put(root, 'last.md', 'last')
    await hold(db, { 'a.md': 'a', 'within.md': 'a', 'last.md': 'last' })
    expect(db.keys(asset)).toEqual([])
    for (const path of ['link.md', 'folder/secret.txt', 'late.txt', '../secret.txt', 'nope']) expect(await locate(root, path)).toBeUndefined()
    expect(await locate(root, 'within.md')).toBe(join(root, 'a.md'))
  })

  it('that is none is refused', async () => {
    const root = await temporaryFolder({ 'a.md': 'a' })
    await expect(openFolder(join(root, 'nope'))).rejects.toThrow(/^there is no folder .*nope$/)
    await expect(openFolder(join(root, 'a.md'))).rejects.toThrow(/is not a folder$/)
  })
})
