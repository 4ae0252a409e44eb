/** Batches: many writes, one revision. */
import { flush, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Batch, BatchError, ClosedError, createDatabase, type Database, derived, input, InvalidKeyError } from '../../src/index.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const count = input<[name: string], number>('count', { initial: 0 })
const joined = derived('joined', (q) => `${q.get(file, 'a')} ${q.get(file, 'b')}`)

/** Something that is taken for a promise. */
function thenable(value: object, then = (): void => {}): object {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what the test is about
  return Object.defineProperty(value, 'then', { value: then })
}

/** A database that holds a, with everything that is announced. */
function filled(): { db: Database; log: ReturnType<typeof record> } {
  const db = createDatabase()
  db.set(file, 'a', '1')
  return { db, log: record(db, 'revision', 'input', 'invalidation') }
}

describe('one revision', () => {
  it('[BAT-1] readers see none or all of it, inside and outside, synchronous and live', () => {
    const { db, log } = filled()
    const seen: unknown[] = []
    db.observe(joined).subscribe((value) => seen.push(value))
    const revision = db.batch((tx) => {
      tx.set(file, 'a', '2')
      seen.push([db.get(joined), db.get(file, 'a'), db.revision, db.read((q) => q.get(file, 'a'))])
      tx.set(file, 'b', '2')
      seen.push(log.take())
    })
    expect([revision, seen]).toEqual([2, ['1 undefined', ['1 undefined', '1', 1, '1'], [], '2 2']])
    expect(log.take()).toEqual(['revision 2', 'set file(a)', 'stale joined()', 'set file(b)'])
  })

  it('[BAT-1] an empty batch, or one that only reads, is none', () => {
    const { db, log } = filled()
    expect([db.batch(() => {}), db.batch((tx) => void tx.get(file, 'a')), log.take()]).toEqual([1, 1, []])
  })

  it('[BAT-1] the writes of the view itself join it: set, remove, update, replaceAll, invalidate', () => {
    const { db, log } = filled()
    const seen: unknown[] = []
    db.get(joined)
    db.batch((tx) => {
      seen.push(db.set(file, 'a', '2'), db.remove(file, 'a'), db.update(file, 'b', (old) => `${old}!`), db.replaceAll(count, [['n', 1]]), db.invalidate(joined))
      seen.push([db.revision, db.get(file, 'a'), tx.has(file, 'a'), tx.get(file, 'b'), tx.get(count, 'n'), log.take()])
    })
    expect(seen.at(-1)).toEqual([1, '1', false, 'undefined!', 1, []])
    expect([db.revision, log.take().filter((line) => line.startsWith('revision')), db.get(joined)]).toEqual([2, ['revision 2'], 'undefined undefined!'])
  })
})

describe('several writes to one slot', () => {
  it('[BAT-2] the last counts: one event with the final value, at the place of the first write', () => {
    const { db } = filled()
    const events: unknown[] = []
    db.events('input').subscribe((event) => events.push(event.type === 'inputSet' ? [event.id, event.value] : [event.type]))
    db.batch((tx) => {
      tx.set(file, 'x', 'first')
      tx.set(file, 'y', '1')
      tx.update(file, 'x', (old) => `${old} second`)
      tx.set(file, 'a', 'gone')
      tx.remove(file, 'y')
      tx.set(file, 'y', '2')
      tx.remove(file, 'a')
    })
    expect(events).toEqual([['file(x)', 'first second'], ['file(y)', '2'], ['inputRemoved']])
  })

  it('[BAT-3] writes that cancel out are a no-op: no revision, no event, no run', () => {
    const { db, log } = filled()
    const list = input<[], readonly number[]>('list')
    db.set(list, [1])
    const kept = db.get(list)
    db.get(joined)
    log.take()
    const runs = db.stats().runs
    const revision = db.batch((tx) => {
      tx.set(file, 'new', '1')
      tx.remove(file, 'new')
      tx.set(file, 'a', '2')
      tx.set(file, 'a', '1')
      tx.remove(list)
      tx.set(list, [1])
      tx.set(count, 'n', 5)
      tx.remove(count, 'n')
    })
    expect([log.take(), revision, db.revision, db.get(joined), db.stats().runs, db.keys(file)]).toEqual([[], 2, 2, '1 undefined', runs, ['a']])
    expect(db.get(list)).toBe(kept)
  })

  it('[BAT-3] what does not cancel out goes through alone', () => {
    const { db, log } = filled()
    db.batch((tx) => (tx.set(file, 'x', '1'), tx.set(file, 'y', '1'), tx.remove(file, 'x')))
    expect(log.take()).toEqual(['revision 2', 'set file(y)'])
  })
})

describe('batches that fail', () => {
  it.each([['an error', new Error('no')], ['undefined', undefined], ['a string', 'no'], ['a frozen object', Object.freeze({})]])('[BAT-4] a throw discards everything and comes out as the same object: %s', (_, thrown) => {
    const { db, log } = filled()
    let caught: unknown = 'nothing'
    try {
      db.batch((tx) => {
        tx.set(file, 'b', '1')
        db.set(file, 'c', '1')
        tx.remove(file, 'a')
        throw thrown
      })
    } catch (error) {
      caught = error
    }
    expect(log.take()).toEqual([])
    expect(caught).toBe(thrown)
    expect([db.keys(file), db.revision, db.set(file, 'd', '1')]).toEqual([['a'], 1, 2])
  })

  it('[BAT-4 IN-9] a write that was refused and caught leaves the batch usable, by tx and by the view', () => {
    const { db, log } = filled()
    db.batch((tx) => {
      tx.set(file, 'b', '1')
      for (const write of [() => tx.set(file, Symbol('k') as never, '1'), () => db.set(file, Symbol('k') as never, '1')]) expect(write).toThrow(InvalidKeyError)
      expect(() => db.update(file, 'b', () => { throw new RangeError('no') })).toThrow(RangeError)
      tx.set(file, 'c', '1')
    })
    expect(log.take()).toEqual(['revision 2', 'set file(b)', 'set file(c)'])
  })

  it('[BAT-4 BAT-5] of an inner batch that throws nothing is committed, whoever catches it', () => {
    const { db, log } = filled()
    const error = new Error('no')
    db.batch((tx) => {
      tx.set(file, 'b', 'outer')
      tx.set(file, 'c', 'outer')
      const thrown = thrownBy(() => db.batch((inner) => {
        inner.set(file, 'b', 'inner')
        inner.set(file, 'd', 'inner')
        inner.remove(file, 'a')
        throw error
      }))
      expect(thrown).toBe(error)
      expect([tx.get(file, 'b'), tx.has(file, 'd'), tx.get(file, 'a')]).toEqual(['outer', false, '1'])
      tx.set(file, 'e', 'outer')
    })
    expect([log.take(), db.entries(file).toJS()]).toEqual([['revision 2', 'set file(b)', 'set file(c)', 'set file(e)'], { a: '1', b: 'outer', c: 'outer', e: 'outer' }])
  })

  it('[BAT-4 BAT-5] also where it wrote to one input several times', () => {
    const { db, log } = filled()
    db.batch((tx) => {
      tx.set(file, 'b', 'outer')
      thrownBy(() => db.batch((inner) => {
        for (const value of ['x', 'y', 'z']) for (const key of ['a', 'b', 'c']) inner.set(file, key, value)
        throw new Error('no')
      }))
      expect([tx.get(file, 'a'), tx.get(file, 'b'), tx.has(file, 'c')]).toEqual(['1', 'outer', false])
    })
    expect([log.take(), db.entries(file).toJS()]).toEqual([['revision 2', 'set file(b)'], { a: '1', b: 'outer' }])
  })

  it('[BAT-4 BAT-5] an outer batch that throws takes the inner ones with it', () => {
    const { db, log } = filled()
    expect(() => db.batch(() => {
      db.batch((inner) => inner.set(file, 'b', '1'))
      throw new Error('no')
    })).toThrow('no')
    expect([log.take(), db.keys(file)]).toEqual([[], ['a']])
  })

  it('[BAT-4] one that closes the database commits nothing, and says so', () => {
    const { db, log } = filled()
    expect(() => db.batch((tx) => {
      tx.set(file, 'b', '1')
      db.close()
    })).toThrow(ClosedError)
    expect(log.take()).toEqual([])
  })

  it('[BAT-5] a nested batch joins the outer one: it sees its writes, and commits with it', () => {
    const { db, log } = filled()
    const revisions: unknown[] = []
    revisions.push(db.batch((tx) => {
      tx.set(file, 'b', '1')
      revisions.push(db.batch((inner) => {
        inner.update(file, 'b', (old) => `${old}2`)
        db.batch((deepest) => deepest.set(file, 'c', `${inner.get(file, 'b')}3`))
      }))
      revisions.push([db.revision, tx.get(file, 'b'), tx.get(file, 'c'), log.take()])
      tx.remove(file, 'a')
    }))
    expect(revisions[1]).toEqual([1, '12', '123', []])
    expect([revisions[2], log.take(), db.entries(file).toJS()]).toEqual([2, ['revision 2', 'set file(b)', 'set file(c)', 'remove file(a)'], { b: '12', c: '123' }])
  })

  it('[BAT-5 SNAP-2] a batch of another view is one of its own', () => {
    const { db, log } = filled()
    const snapshot = db.snapshot()
    const inSnapshot = record(snapshot, 'revision', 'input')
    expect(() => db.batch((tx) => {
      tx.set(file, 'b', 'head')
      snapshot.batch((other) => (other.set(file, 'b', 'snapshot'), other.set(file, 'a', 'snapshot')))
      snapshot.set(file, 'c', 'snapshot')
      throw new Error('no')
    })).toThrow('no')
    expect([log.take(), inSnapshot.take()]).toEqual([[], ['revision 2', 'set file(b)', 'set file(a)', 'revision 3', 'set file(c)']])
  })
})

describe('tx', () => {
  it('[BAT-6] reads its own writes; the reads of the view do not see them until the commit', () => {
    const { db } = filled()
    db.set(count, 'n', 1)
    db.batch((tx) => {
      tx.set(file, 'b', '2')
      tx.remove(file, 'a')
      tx.update(count, 'n', (old) => (old ?? 0) + 1)
      tx.update(count, 'n', (old) => (old ?? 0) + 1)
      expect([tx.get(file, 'a'), tx.has(file, 'a'), tx.get(file, 'b'), tx.has(file, 'b'), tx.get(count, 'n'), tx.get(count, 'other')]).toEqual([undefined, false, '2', true, 3, 0])
      expect([db.get(file, 'a'), db.has(file, 'b'), db.keys(file), db.entries(file).toJS(), db.get(count, 'n'), db.get(joined), db.node(file, 'a').value]).toEqual(['1', false, ['a'], { a: '1' }, 1, '1 undefined', '1'])
      tx.remove(count, 'n')
      expect([tx.get(count, 'n'), tx.has(count, 'n')]).toEqual([0, true])
    })
    expect([db.get(joined), db.get(count, 'n')]).toEqual(['undefined 2', 0])
  })

  it('[BAT-7] a callback that returns a promise is refused, whatever becomes of it, and nothing is committed', async () => {
    const { db, log } = filled()
    const late: unknown[] = []
    const callbacks: ((tx: Batch) => unknown)[] = [
      async (tx) => {
        tx.set(file, 'b', '1')
        await Promise.resolve()
        late.push(thrownBy(() => tx.set(file, 'c', '1')))
      },
      (tx) => (tx.set(file, 'b', '1'), Promise.reject(new Error('nobody must hear of it'))),
      (tx) => (tx.set(file, 'b', '1'), thenable({})),
      (tx) => (tx.set(file, 'b', '1'), thenable(() => {})),
      (tx) => (tx.set(file, 'b', '1'), thenable({}, () => { throw new Error('hostile') })),
    ]
    for (const callback of callbacks) {
      const error = thrownBy(() => db.batch(callback))
      expect(error).toBeInstanceOf(BatchError)
      expect(String(error)).toContain('promise')
    }
    await flush()
    expect([log.take(), db.keys(file), late]).toEqual([[], ['a'], [expect.any(BatchError)]])
  })

  it('[BAT-7 BAT-5] an inner batch that returns a promise commits nothing either', () => {
    const { db, log } = filled()
    db.batch((tx) => {
      tx.set(file, 'b', '1')
      const late: (inner: Batch) => unknown = async (inner) => inner.set(file, 'c', '1')
      expect(() => db.batch(late)).toThrow(BatchError)
      tx.set(file, 'd', '1')
    })
    expect(log.take()).toEqual(['revision 2', 'set file(b)', 'set file(d)'])
  })

  it('[BAT-4 BAT-8] a callback whose result throws when it is looked at has thrown: an inner batch, too', () => {
    const { db, log } = filled()
    const kept: Batch[] = []
    const thrown = new Error('looked at')
    const callback = (tx: Batch): object => {
      kept.push(tx)
      tx.set(file, 'b', '1')
      // oxlint-disable-next-line unicorn/no-thenable -- that is what the test is about
      return Object.defineProperty({}, 'then', {
        get(): never {
          db.set(file, 'c', '1')
          throw thrown
        },
      })
    }
    expect(thrownBy(() => db.batch(callback))).toBe(thrown)
    expect([log.take(), db.keys(file), thrownBy(() => kept[0]?.set(file, 'd', '1'))]).toEqual([[], ['a'], expect.any(BatchError)])
    db.batch((tx) => {
      tx.set(file, 'e', '1')
      expect(thrownBy(() => db.batch(callback))).toBe(thrown)
      expect([tx.has(file, 'b'), tx.has(file, 'c')]).toEqual([false, false])
      tx.set(file, 'f', '1')
    })
    expect(log.take()).toEqual(['revision 2', 'set file(e)', 'set file(f)'])
    const snapshot = db.snapshot()
    expect([thrownBy(() => snapshot.batch(callback)), snapshot.revision, snapshot.has(file, 'b')]).toEqual([thrown, 2, false])
    db.close()
  })

  it('[BAT-8] using tx after its batch throws, however the batch ended', () => {
    const { db, log } = filled()
    const kept: Batch[] = []
    db.batch((tx) => {
      kept.push(tx)
      tx.set(file, 'b', '1')
    })
    thrownBy(() => db.batch((tx) => {
      kept.push(tx)
      throw new Error('no')
    }))
    const late: (tx: Batch) => unknown = async (tx) => void kept.push(tx)
    thrownBy(() => db.batch(late))
    log.take()
    for (const tx of kept) {
      const uses = [() => tx.set(file, 'c', '1'), () => tx.get(file, 'a'), () => tx.has(file, 'a'), () => tx.remove(file, 'a'), () => tx.update(file, 'a', () => 'x'), () => tx.replaceAll(file, [])]
      for (const use of uses) expect(use).toThrow(BatchError)
      expect(() => db.batch(() => tx.set(file, 'c', '1'))).toThrow(BatchError)
    }
    expect([log.take(), db.keys(file)]).toEqual([[], ['a', 'b']])
  })

  it('[BAT-8 BAT-5] that of an inner batch ends with it, however it ended; the outer one goes on', () => {
    const { db, log } = filled()
    db.batch((tx) => {
      const inner: Batch[] = []
      db.batch((one) => {
        inner.push(one)
        one.set(file, 'b', '1')
      })
      thrownBy(() => db.batch((one) => {
        inner.push(one)
        throw new Error('no')
      }))
      expect([inner.length, ...inner.map((one) => thrownBy(() => one.set(file, 'c', '1')))]).toEqual([2, expect.any(BatchError), expect.any(BatchError)])
      db.batch(() => tx.set(file, 'd', tx.get(file, 'b') ?? ''))
      tx.set(file, 'e', '1')
    })
    expect([log.take(), db.keys(file)]).toEqual([['revision 2', 'set file(b)', 'set file(d)', 'set file(e)'], ['a', 'b', 'd', 'e']])
  })

  it('[BAT-8] a subscriber that is told of the commit comes too late as well', () => {
    const { db } = filled()
    const errors: unknown[] = []
    let kept: Batch | null = null
    db.revision$.subscribe((revision) => {
      if (revision === 2) errors.push(thrownBy(() => kept?.set(file, 'c', '1')))
    })
    db.batch((tx) => {
      kept = tx
      tx.set(file, 'b', '1')
    })
    expect([errors, db.keys(file)]).toEqual([[expect.any(BatchError)], ['a', 'b']])
  })
})
