/** A site without a disk. */
import { createDatabase, type Database } from 'pebre'
import { asset, file, settings } from '../../src/inputs.js'

export function memorySite(files: Readonly<Record<string, string>>, options: { readonly html?: boolean; readonly static?: boolean } = {}): Database {
  const db = createDatabase()
  db.batch((tx) => {
    tx.set(settings, { name: 'Test', html: false, static: false, ...options })
    for (const [path, text] of Object.entries(files)) tx.set(path.endsWith('.md') ? file : asset, path, text)
  })
  return db
}
