/** A write reaches one of a thousand live queries: synchronous ones, and asynchronous ones. */
import { computed, effect, signal } from 'alien-signals'
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'

const width = 1000
const operations = 100
/** Scattered over the keys. */
const keyOf = (write: number): number => (write * 37) % width

function pebreSync(): Run {
  let told = 0
  let last = 0
  const value = input<[i: number], number>('value', { initial: 0 })
  const next = derived('next', (q, i: number) => q.get(value, i) + 1)
  const db = createDatabase()
  for (let i = 0; i < width; i++) {
    db.observe(next, i).subscribe((seen) => {
      told++
      last = seen
    })
  }
  let writes = 0
  return () => {
    told = 0
    for (let i = 0; i < operations; i++) {
      db.set(value, keyOf(++writes), writes)
      expectEqual('live: value', last, writes + 1)
    }
    expectEqual('live: emissions', told, operations)
  }
}

function alienSync(): Run {
  let told = 0
  let last = 0
  const signals = Array.from({ length: width }, () => signal(0))
  for (const source of signals) {
    const next = computed(() => source() + 1)
    effect(() => {
      last = next()
      told++
    })
  }
  let writes = 0
  return () => {
    told = 0
    for (let i = 0; i < operations; i++) {
      signals[keyOf(++writes)]?.(writes)
      expectEqual('live: value', last, writes + 1)
    }
    expectEqual('live: emissions', told, operations)
  }
}

async function pebreAsync(): Promise<Run> {
  let told = 0
  let tell: (seen: number) => void = () => {}
  const value = input<[i: number], number>('value', { initial: 0 })
  const next = derived('next', async (q, i: number) => q.get(value, i) + 1)
  const db = createDatabase()
  for (let i = 0; i < width; i++) {
    db.observe(next, i).subscribe((seen) => {
      told++
      tell(seen)
    })
  }
  await db.get(next, width - 1)
  let writes = 0
  return async () => {
    told = 0
    for (let i = 0; i < operations; i++) {
      const news = new Promise<number>((resolve) => {
        tell = resolve
      })
      db.set(value, keyOf(++writes), writes)
      expectEqual('live: value', await news, writes + 1)
    }
    expectEqual('live: emissions', told, operations)
  }
}

/** A floor: a table of listeners, and a function called for each write. */
function tableAsync(): Run {
  let told = 0
  let tell: (seen: number) => void = () => {}
  const values = new Map<number, number>()
  const listeners = new Map<number, (seen: number) => void>()
  for (let i = 0; i < width; i++) {
    listeners.set(i, (seen) => {
      told++
      tell(seen)
    })
  }
  const next = async (i: number): Promise<number> => (values.get(i) ?? 0) + 1
  const set = async (i: number, value: number): Promise<void> => {
    values.set(i, value)
    listeners.get(i)?.(await next(i))
  }
  let writes = 0
  return async () => {
    told = 0
    for (let i = 0; i < operations; i++) {
      const news = new Promise<number>((resolve) => {
        tell = resolve
      })
      void set(keyOf(++writes), writes)
      expectEqual('live: value', await news, writes + 1)
    }
    expectEqual('live: emissions', told, operations)
  }
}

export const liveSync: Timed = {
  kind: 'time', name: 'live update among 1000, sync', group: 'live', operations,
  contenders: [{ peer: 'pebre', prepare: pebreSync }, { peer: 'alien-signals', prepare: alienSync }],
}

export const liveAsync: Timed = {
  kind: 'time', name: 'live update among 1000, async', group: 'live', operations,
  contenders: [{ peer: 'pebre', prepare: pebreAsync }, { peer: 'listener table', prepare: tableAsync }],
}
