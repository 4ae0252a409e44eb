/** A diamond: two values of one, joined. `combineLatest` emits the mixed pair in between, `live` does not. */
import { createDatabase, derived, input } from 'pebre'
import { BehaviorSubject, combineLatest, map } from 'rxjs'
import { expectEqual, type Run } from '../harness/workload.js'
import type { LiveWork } from './work.js'

const operations = 1000

interface Pair {
  readonly left: number
  readonly right: number
}

/** `mixed`: how many pairs of two revisions one write makes it emit. */
function contender(mixed: number, build: (tell: (pair: Pair) => void) => (value: number) => void): () => Run {
  return () => {
    let told = 0
    let torn = 0
    let last: Pair = { left: 0, right: 0 }
    const write = build((pair) => {
      told++
      if (pair.right !== pair.left + 1) torn++
      last = pair
    })
    let writes = 0
    return () => {
      told = 0
      torn = 0
      for (let i = 0; i < operations; i++) {
        write(++writes)
        expectEqual('diamond: left', last.left, writes * 2)
        expectEqual('diamond: right', last.right, writes * 2 + 1)
      }
      expectEqual('diamond: emissions', told, operations * (1 + mixed))
      expectEqual('diamond: mixed pairs', torn, operations * mixed)
    }
  }
}

export const liveDiamond: LiveWork = {
  name: 'a diamond joined live', operations,
  contenders: {
    pebre: contender(0, (tell) => {
      const value = input<[], number>('value', { initial: 0 })
      const left = derived('left', (q) => q.get(value) * 2)
      const right = derived('right', (q) => q.get(value) * 2 + 1)
      const db = createDatabase()
      db.live((q) => ({ left: q.get(left), right: q.get(right) })).subscribe(tell)
      return (to) => db.set(value, to)
    }),
    'rxjs combineLatest': contender(1, (tell) => {
      const value = new BehaviorSubject(0)
      combineLatest({ left: value.pipe(map((n) => n * 2)), right: value.pipe(map((n) => n * 2 + 1)) }).subscribe(tell)
      return (to) => value.next(to)
    }),
  },
}
