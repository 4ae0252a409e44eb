// A database of 5 000 records, shown by the inspector within its page.
import { createDatabase, derived, input } from 'pebre'
import { mountInspector } from 'pebre/inspector/browser'

const leaf = input<[n: number], number>('leaf', { initial: 0 })
const one = derived('one', (q, n: number) => q.get(leaf, n) + 1)
const ten = derived('ten', (q, n: number) => Array.from({ length: 10 }, (_, i) => q.get(one, n * 10 + i)).reduce((a, b) => a + b, 0))
const all = derived('all', (q) => Array.from({ length: 238 }, (_, n) => q.get(ten, n)).length)

const db = createDatabase()
db.get(all)
db.set(leaf, 2380, 2380)
const unmount = mountInspector(document.querySelector('#inspector') as HTMLElement, db, { name: 'many' })
addEventListener('unmount', unmount)
addEventListener('write', () => {
  db.set(leaf, 5, 5)
  db.get(all)
})
