/** An edit with a thousand live queries, of which it reaches one. Each is told before the write returns. */
import { computed as alienComputed, effect, signal } from 'alien-signals'
import { autorun, computed as mobxComputed, configure, observable } from 'mobx'
import { atom, computed } from 'nanostores'
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run } from '../harness/workload.js'
import { keyOf, keys, type LiveWork } from './work.js'

const operations = 1000

/** `build` makes a thousand live queries of `value + 1` and says how to write a value. */
function contender(build: (tell: (value: number) => void) => (key: number, value: number) => void): () => Run {
  return () => {
    let told = 0
    let last = 0
    const write = build((value) => {
      told++
      last = value
    })
    let writes = 0
    return () => {
      told = 0
      for (let i = 0; i < operations; i++) {
        write(keyOf(++writes), writes)
        expectEqual('live sync: value', last, writes + 1)
      }
      expectEqual('live sync: emissions', told, operations)
    }
  }
}

export const liveSync: LiveWork = {
  name: 'an edit with 1000 live queries, sync', operations,
  contenders: {
    pebre: contender((tell) => {
      const value = input<[i: number], number>('value', { initial: 0 })
      const next = derived('next', (q, i: number) => q.get(value, i) + 1)
      const db = createDatabase()
      for (const i of keys) db.observe(next, i).subscribe(tell)
      return (key, to) => db.set(value, key, to)
    }),
    'pebre effect': contender((tell) => {
      const value = input<[i: number], number>('value', { initial: 0 })
      const next = derived('next', (q, i: number) => q.get(value, i) + 1)
      const db = createDatabase()
      for (const i of keys) db.effect((q) => tell(q.get(next, i)))
      return (key, to) => db.set(value, key, to)
    }),
    'alien-signals': contender((tell) => {
      const signals = keys.map(() => signal(0))
      for (const source of signals) {
        const next = alienComputed(() => source() + 1)
        effect(() => tell(next()))
      }
      return (key, to) => signals[key]?.(to)
    }),
    nanostores: contender((tell) => {
      const atoms = keys.map(() => atom(0))
      for (const source of atoms) computed(source, (value) => value + 1).subscribe(tell)
      return (key, to) => atoms[key]?.set(to)
    }),
    mobx: contender((tell) => {
      configure({ enforceActions: 'never' })
      const boxes = keys.map(() => observable.box(0))
      for (const source of boxes) {
        const next = mobxComputed(() => source.get() + 1)
        autorun(() => tell(next.get()))
      }
      return (key, to) => boxes[key]?.set(to)
    }),
  },
}
