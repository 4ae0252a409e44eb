/** An edit with a thousand live asynchronous queries, of which it reaches one. The next edit waits until it is told. */
import { atom as jotaiAtom, createStore } from 'jotai/vanilla'
import { autorun, configure, observable, reaction } from 'mobx'
import { atom, computed, task } from 'nanostores'
import { createDatabase, derived, input } from 'pebre'
import { BehaviorSubject, switchMap } from 'rxjs'
import { expectEqual, type Run } from '../harness/workload.js'
import { keyOf, keys, type LiveWork } from './work.js'

const operations = 100

const next = async (value: number): Promise<number> => value + 1

type Write = (key: number, value: number) => void

/** `build` makes a thousand live queries of `next(value)` and says how to write a value. All have been told once before the first run. */
function contender(build: (tell: (value: number) => void) => Write): () => Promise<Run> {
  return async () => {
    let first = keys.length
    let tell: (value: number) => void = () => {}
    const isReady = new Promise<void>((resolve) => {
      tell = () => {
        if (--first === 0) resolve()
      }
    })
    const write = build((value) => tell(value))
    await isReady
    let writes = 0
    return async () => {
      for (let i = 0; i < operations; i++) {
        writes++
        const news = new Promise<number>((resolve) => {
          tell = resolve
        })
        write(keyOf(writes), writes)
        expectEqual('live async: value', await news, writes + 1)
      }
    }
  }
}

export const liveAsync: LiveWork = {
  name: 'an edit with 1000 live queries, async', operations,
  contenders: {
    pebre: contender((tell) => {
      const value = input<[i: number], number>('value', { initial: 0 })
      const query = derived('next', async (q, i: number) => next(q.get(value, i)))
      const db = createDatabase()
      for (const i of keys) db.observe(query, i).subscribe(tell)
      return (key, to) => db.set(value, key, to)
    }),
    nanostores: contender((tell) => {
      const atoms = keys.map(() => atom(0))
      for (const source of atoms) {
        computed(source, (value) => task(async () => next(value))).listen((value) => {
          if (value !== undefined) tell(value)
        })
      }
      return (key, to) => atoms[key]?.set(to)
    }),
    mobx: contender((tell) => {
      configure({ enforceActions: 'never' })
      const boxes = keys.map(() => observable.box(0))
      for (const source of boxes) {
        const result = observable.box<number | undefined>(undefined)
        let newest = 0
        const run = async (value: number): Promise<void> => {
          const own = ++newest
          const found = await next(value)
          if (own === newest) result.set(found)
        }
        reaction(() => source.get(), (value) => void run(value), { fireImmediately: true })
        autorun(() => {
          const found = result.get()
          if (found !== undefined) tell(found)
        })
      }
      return (key, to) => boxes[key]?.set(to)
    }),
    jotai: contender((tell) => {
      const store = createStore()
      const atoms = keys.map(() => jotaiAtom(0))
      for (const source of atoms) {
        const query = jotaiAtom(async (get) => next(get(source)))
        const follow = async (): Promise<void> => tell(await store.get(query))
        store.sub(query, () => void follow())
        void follow()
      }
      return (key, to) => store.set(atoms[key] as (typeof atoms)[number], to)
    }),
    rxjs: contender((tell) => {
      const subjects = keys.map(() => new BehaviorSubject(0))
      for (const subject of subjects) subject.pipe(switchMap(next)).subscribe(tell)
      return (key, to) => subjects[key]?.next(to)
    }),
  },
}
