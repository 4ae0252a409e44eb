/** Accumulators: what queries say beside their results, gathered from everything below a query. */
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { flush, gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { accumulator, createDatabase, derived, DuplicateDefinitionError, FinishedQueryError, input, InvalidDefinitionError, type Query, type View } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const notes = accumulator<string>('notes')
const file = input<[path: string], string>('file', { initial: '' })
const other = input<[], number>('other', { initial: 0 })

/** Emits every word that starts with `!`; the value is the number of words. */
const words = derived('words', (q, path: string) => {
  const all = q.get(file, path).split(' ')
  for (const word of all) if (word.startsWith('!')) q.emit(notes, `${path} ${word}`)
  return all.length
})
const slowWords = derived('slowWords', async (q, path: string) => {
  await Promise.resolve()
  return q.get(words, path)
})
const sum = derived('sum', (q, ...paths: string[]) => {
  q.emit(notes, 'sum first')
  const total = paths.reduce((count, path) => count + q.get(words, path), 0)
  q.emit(notes, 'sum last')
  return total
})

describe('what is gathered', () => {
  it('items of dependencies come first, in the order read; the query\'s own come in the order emitted', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1 !2')
    db.set(file, 'b', '!3')
    const log = record(db)
    expect(db.accumulated(notes, sum, 'b', 'a', 'b')).toEqual(['b !3', 'a !1', 'a !2', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()', 'run sum(b, a, b)', 'run words(b)', 'run words(a)'])
    expect(db.accumulated(notes, sum, 'b', 'a', 'b')).toEqual(['b !3', 'a !1', 'a !2', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()'])
    expect(db.accumulated(accumulator('nobody'), sum, 'b', 'a', 'b')).toEqual([])
    expect(db.accumulated(notes, words, 'nothing')).toEqual([])
  })

  it('each query counts once, however many read it', () => {
    const leaf = derived('leaf', (q) => {
      q.emit(notes, 'leaf')
      return q.get(other)
    })
    const left = derived('left', (q) => (q.get(leaf), q.emit(notes, 'left'), 1))
    const right = derived('right', (q) => (q.get(leaf), q.emit(notes, 'right'), 2))
    const top = derived('top', (q) => q.get(left) + q.get(right) + q.get(leaf))
    expect(createDatabase().accumulated(notes, top)).toEqual(['leaf', 'left', 'right'])
  })

  it('[VAL-1] [DER-3] items of queries that did not run again still count, and a run that gives an equal value replaces its items', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    db.set(file, 'b', '!2')
    db.get(sum, 'a', 'b')
    const log = record(db)
    db.set(file, 'a', '!9')
    expect(db.accumulated(notes, sum, 'a', 'b')).toEqual(['a !9', 'b !2', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()', 'run words(a)', 'same words(a)'])
    db.set(file, 'a', 'x')
    db.set(other, 1)
    expect(db.accumulated(notes, sum, 'a', 'b')).toEqual(['b !2', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()', 'run words(a)', 'same words(a)'])
  })

  it('[DER-4] only what the last run has read counts', () => {
    const db = createDatabase()
    const choice = derived('choice', (q) => q.get(words, q.get(other) === 0 ? 'a' : 'b'))
    db.set(file, 'a', '!1')
    db.set(file, 'b', '!2')
    expect(db.accumulated(notes, choice)).toEqual(['a !1'])
    db.set(other, 1)
    expect(db.accumulated(notes, choice)).toEqual(['b !2'])
  })

  it('[DER-6] [DER-7] a promise where the query is asynchronous, and else the items', async () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    const found = db.accumulated(notes, slowWords, 'a')
    expect(found).toBeInstanceOf(Promise)
    expect(await found).toEqual(['a !1'])
    const settled = db.accumulated(notes, slowWords, 'a')
    expect(settled).toBeInstanceOf(Promise)
    expect(await settled).toEqual(['a !1'])
  })

  it('[DER-8] items of an asynchronous body are attributed to it, before and after it waits', async () => {
    const db = createDatabase()
    const opened = { a: gate(), b: gate() }
    const late = derived('late', async (q, name: 'a' | 'b') => {
      q.emit(notes, `${name} before`)
      await opened[name].promise
      q.emit(notes, `${name} after`)
      return q.get(file, name)
    })
    const both = derived('both', async (q) => (await Promise.all([q.get(late, 'a'), q.get(late, 'b')])).join())
    const found = db.accumulated(notes, both)
    opened.b.open()
    await Promise.resolve()
    opened.a.open()
    expect(await found).toEqual(['a before', 'a after', 'b before', 'b after'])
  })

  it('[SCALE-2] a chain of 100 000 queries, and 100 000 reads by one', () => {
    const db = createDatabase({ onNotice: () => {} })
    const chain = derived('chain', (q, n: number): number => {
      if (n % 50_000 === 0) q.emit(notes, `at ${n}`)
      return n === 0 ? q.get(other) : q.get(chain, n - 1)
    })
    expect(db.accumulated(notes, chain, 100_000)).toEqual(['at 0', 'at 50000', 'at 100000'])
    const leaf = derived('leaf', (q, n: number) => (n % 50_000 === 0 && q.emit(notes, `leaf ${n}`), n))
    const wide = derived('wide', (q) => {
      let total = 0
      for (let n = 1; n <= 100_000; n++) total += q.get(leaf, n)
      return total
    })
    expect(db.accumulated(notes, wide)).toEqual(['leaf 50000', 'leaf 100000'])
    const view = db.snapshot()
    db.set(other, 1)
    expect(view.accumulated(notes, chain, 100_000)).toEqual(['at 0', 'at 50000', 'at 100000'])
    expect(db.accumulated(notes, chain, 100_000)).toEqual(['at 0', 'at 50000', 'at 100000'])
  }, 30_000)

  it('asking records nothing, and no query depends on it', () => {
    const db = createDatabase()
    const asks = derived('asks', () => db.accumulated(notes, words, 'a').length)
    expect(db.get(asks)).toBe(0)
    db.set(file, 'a', '!1')
    expect(db.get(asks)).toBe(0)
    expect(db.accumulated(notes, words, 'a')).toEqual(['a !1'])
    expect(db.stats()).toMatchObject({ jobs: 0, live: 0 })
  })
})

describe('failures and ends', () => {
  const failing = derived('failing', (q) => {
    q.get(words, 'a')
    q.emit(notes, 'before the failure')
    if (q.get(other) === 0) throw new Error('no')
    return 1
  })

  it('[ERR-3] what the query throws is thrown, as the same object', async () => {
    const db = createDatabase()
    expect(thrownBy(() => db.accumulated(notes, failing))).toBe(thrownBy(() => db.get(failing)))
    const late = derived('late', async (q) => (await Promise.resolve(), q.get(failing)))
    await expect(db.accumulated(notes, late)).rejects.toBe(thrownBy(() => db.get(failing)))
  })

  it('[ERR-4] what a failure has emitted is dropped; what it has read counts', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    const caught = derived('caught', (q) => {
      try {
        return q.get(failing)
      } catch {
        q.emit(notes, 'caught')
        return 0
      }
    })
    expect(db.accumulated(notes, caught)).toEqual(['a !1', 'caught'])
    db.set(file, 'unrelated', 'x')
    expect(db.accumulated(notes, caught)).toEqual(['a !1', 'caught'])
    expect(db.snapshot().accumulated(notes, caught)).toEqual(['a !1', 'caught'])
    db.set(other, 1)
    expect(db.accumulated(notes, caught)).toEqual(['a !1', 'before the failure'])
  })

  it('[DER-9] emitting after the end throws, and changes nothing', async () => {
    const db = createDatabase()
    let kept: Query | undefined
    const leaks = derived('leaks', (q) => {
      kept = q
      q.emit(notes, 'in time')
      return 1
    })
    expect(db.accumulated(notes, leaks)).toEqual(['in time'])
    expect(thrownBy(() => kept?.emit(notes, 'late'))).toBeInstanceOf(FinishedQueryError)
    expect(db.accumulated(notes, leaks)).toEqual(['in time'])
    // A frame that served this run serves others later.
    const plain = derived('plain', (q, n: number) => q.get(other) + n)
    for (let n = 0; n < 10; n++) expect(db.accumulated(notes, plain, n)).toEqual([])
    db.set(other, 1)
    for (let n = 0; n < 10; n++) expect(db.accumulated(notes, plain, n)).toEqual([])
  })

  it('[CAN-1] a run that nobody waits for any more leaves no items', async () => {
    const db = createDatabase()
    let runs = 0
    const blocked = gate()
    const slow = derived('slow', async (q) => {
      q.emit(notes, `run ${++runs}`)
      if (runs === 1) await blocked.promise
      return 1
    })
    const left = new AbortController()
    const waiting = db.with({ signal: left.signal }).get(slow)
    left.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    blocked.open()
    expect(await db.accumulated(notes, slow)).toEqual(['run 2'])
  })

  it('[ERR-11] only the attempt that gave the result counts', async () => {
    const db = createDatabase()
    let attempts = 0
    const flaky = derived('flaky', (q): number | Promise<number> => {
      q.emit(notes, `attempt ${++attempts}`)
      if (attempts < 3) throw new Error('again')
      return 1
    }, { retry: { times: 2 } })
    expect(await db.accumulated(notes, flaky)).toEqual(['attempt 3'])
  })

  it('[CYC-8] what gives a fallback has no items of its own', () => {
    const db = createDatabase()
    const ring = derived('ring', (q, n: number): number => {
      q.emit(notes, `ring ${n}`)
      q.get(words, 'a')
      return q.get(ring, (n + 1) % 2)
    }, { cycle: { fallback: 7 } })
    db.set(file, 'a', '!1')
    expect(db.accumulated(notes, ring, 0)).toEqual(['a !1'])
    expect(db.accumulated(notes, ring, 1)).toEqual(['a !1'])
  })

  it('[CYC-8] a fixpoint counts the run that gave the result', () => {
    const db = createDatabase()
    const grows = derived('grows', (q, name: string): number => {
      const value = Math.min(5, q.get(grows, name === 'x' ? 'y' : 'x') + 1)
      q.emit(notes, `${name} ${value}`)
      return value
    }, { cycle: { initial: 0 } })
    expect(db.accumulated(notes, grows, 'x').toSorted()).toEqual(['x 5', 'y 5'])
    expect(db.snapshot().accumulated(notes, grows, 'y').toSorted()).toEqual(['x 5', 'y 5'])
  })
})

describe('items and channels', () => {
  it('[IN-10] in development items are frozen, and `freeze: false` turns that off', () => {
    const places = accumulator<{ at: number[] }>('places')
    const emits = derived('emits', (q) => {
      const item = { at: [1] }
      q.emit(places, item)
      return item === null
    })
    const [frozen] = createDatabase().accumulated(places, emits)
    expect(() => frozen?.at.push(2)).toThrow(TypeError)
    const [open] = createDatabase({ freeze: false }).accumulated(places, emits)
    expect(open?.at.push(2)).toBe(2)
  })

  it('the list that is given is the caller\'s own', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    ;(db.accumulated(notes, words, 'a') as string[]).push('mine')
    expect(db.accumulated(notes, words, 'a')).toEqual(['a !1'])
  })

  it('[IN-8] a name belongs to one definition, and a channel must be one', () => {
    const twin = accumulator<string>('file')
    expect(thrownBy(() => createDatabase({ definitions: [file, twin] }))).toBeInstanceOf(DuplicateDefinitionError)
    const db = createDatabase({ definitions: [file, notes] })
    const emits = derived('emits', (q) => q.emit(twin, 'x'))
    expect(thrownBy(() => db.get(emits))).toBeInstanceOf(DuplicateDefinitionError)
    expect(thrownBy(() => db.accumulated(twin, words, 'a'))).toBeInstanceOf(DuplicateDefinitionError)
    expect(thrownBy(() => db.get(derived('notes', () => 1)))).toBeInstanceOf(DuplicateDefinitionError)
    for (const channel of [file, words, undefined, null, {}]) expect(thrownBy(() => db.accumulated(channel as never, words, 'a'))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => db.accumulated(notes, file as never, 'a'))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => db.get(notes as never))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => accumulator(''))).toBeInstanceOf(InvalidDefinitionError)
  })

  it('[REV-8] two databases with one channel share no items', () => {
    const [a, b] = [createDatabase(), createDatabase()]
    a.set(file, 'a', '!1')
    expect([a, b].map((db) => db.accumulated(notes, words, 'a'))).toEqual([['a !1'], []])
  })
})

describe('views', () => {
  it('[SNAP-2] [SNAP-4] a snapshot keeps the items of its revision, with no run', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    db.get(sum, 'a')
    const view = db.snapshot()
    const log = record(view)
    db.set(file, 'a', '!2')
    expect(db.accumulated(notes, sum, 'a')).toEqual(['a !2', 'sum first', 'sum last'])
    expect(view.accumulated(notes, sum, 'a')).toEqual(['a !1', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()'])
    view.set(file, 'a', '!3')
    expect(view.accumulated(notes, sum, 'a')).toEqual(['a !3', 'sum first', 'sum last'])
    expect(db.accumulated(notes, sum, 'a')).toEqual(['a !2', 'sum first', 'sum last'])
  })

  it('[SHARE-3] what a snapshot computed serves the head with its items, and the reverse', async () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    const view = db.snapshot()
    const log = record(db)
    db.set(other, 1)
    expect(await view.accumulated(notes, slowWords, 'a')).toEqual(['a !1'])
    expect(await db.accumulated(notes, slowWords, 'a')).toEqual(['a !1'])
    expect(log.take()).toEqual(['run accumulated()'])
    const third = db.snapshot()
    const log3 = record(third)
    expect(await third.accumulated(notes, slowWords, 'a')).toEqual(['a !1'])
    expect(log3.take()).toEqual(['run accumulated()'])
  })

  it('[SNAP-10] an undo brings the items back without a run', () => {
    const db = createDatabase()
    db.set(file, 'a', '!1')
    db.get(sum, 'a')
    const before = db.snapshot()
    db.set(file, 'a', '!2')
    db.get(sum, 'a')
    db.restore(before)
    const log = record(db)
    expect(db.accumulated(notes, sum, 'a')).toEqual(['a !1', 'sum first', 'sum last'])
    expect(log.take()).toEqual(['run accumulated()'])
  })

  it('an outcome of the history brings its items', () => {
    const db = createDatabase()
    const past = derived('past', (q) => {
      q.emit(notes, `saw ${q.get(other)}`)
      return q.get(other) * 10
    }, { history: 1 })
    const log = record(db)
    expect(db.accumulated(notes, past)).toEqual(['saw 0'])
    db.set(other, 1)
    expect(db.accumulated(notes, past)).toEqual(['saw 1'])
    log.take()
    db.set(other, 0)
    expect(db.accumulated(notes, past)).toEqual(['saw 0'])
    expect(log.take()).toEqual(['run accumulated()'])
  })

  it('[MEM-2] a value that was evicted leaves its items', () => {
    const db = createDatabase()
    const big = derived('big', (q, path: string) => (q.emit(notes, `big ${path}`), q.get(file, path)), { lru: 0 })
    const size = derived('size', (q) => q.get(big, 'a').length)
    db.get(size)
    db.set(other, 1)
    expect(db.stats().evictions).toBe(1)
    const log = record(db)
    expect(db.accumulated(notes, size)).toEqual(['big a'])
    expect(log.take()).toEqual(['run accumulated()'])
    const view = db.snapshot()
    const seen = record(view)
    expect(view.accumulated(notes, size)).toEqual(['big a'])
    expect(seen.take()).toEqual(['run accumulated()'])
  })

  it('[CAN-3] an evaluation that a commit overtakes keeps what it emits, and the newer one has its own', async () => {
    const db = createDatabase()
    const blocked = gate()
    const slow = derived('slow', async (q) => {
      const seen = q.get(other)
      q.get(words, 'a')
      q.emit(notes, `${seen} before`)
      if (seen === 0) await blocked.promise
      q.emit(notes, `${seen} after`)
      return q.get(words, 'b')
    })
    db.set(file, 'a', '!1')
    db.set(file, 'b', '!2')
    const old = db.accumulated(notes, slow)
    db.batch((tx) => {
      tx.set(other, 1)
      tx.set(file, 'a', '!7')
      tx.set(file, 'b', '!8')
    })
    expect(await db.accumulated(notes, slow)).toEqual(['a !7', 'b !8', '1 before', '1 after'])
    blocked.open()
    expect(await old).toEqual(['a !1', 'b !2', '0 before', '0 after'])
    expect(await db.accumulated(notes, slow)).toEqual(['a !7', 'b !8', '1 before', '1 after'])
    expect(db.stats().jobs).toBe(0)
  })

  it('[DER-8] in a snapshot too, the order is that of the reads, not of their ends', async () => {
    const db = createDatabase()
    const opened = { a: gate(), b: gate() }
    const late = derived('late', async (q, name: 'a' | 'b') => {
      const text = q.get(file, name)
      if (text === '') await opened[name].promise
      q.emit(notes, `${name} ${text}`)
      return text
    })
    const both = derived('both', async (q) => `${q.get(other)} ${(await Promise.all([q.get(late, 'a'), q.get(late, 'b')])).join()}`)
    const view = db.snapshot()
    db.batch((tx) => {
      tx.set(other, 1)
      tx.set(file, 'a', 'new')
      tx.set(file, 'b', 'new')
    })
    expect(await db.accumulated(notes, both)).toEqual(['a new', 'b new'])
    const found = view.accumulated(notes, both)
    opened.b.open()
    await flush()
    opened.a.open()
    expect(await found).toEqual(['a ', 'b '])
  })
})

describe('files', () => {
  const quiet = derived('quiet', (q) => q.get(file, 'b').length)
  const hidden = derived('hidden', (q) => q.get(words, 'a'), { persist: false })
  const above = derived('above', (q) => q.get(hidden) + 1)
  const definitions = [file, other, words, sum, quiet, hidden, above, notes]

  it('[PER-1] [PER-12] what emits, and what stands above it, is computed again after a load, so that no item is lost', async () => {
    const db = createDatabase({ definitions })
    db.set(file, 'a', '!1')
    db.set(file, 'b', 'silent')
    const items = ['a !1', 'sum first', 'sum last']
    expect(db.accumulated(notes, sum, 'a', 'b')).toEqual(items)
    expect([db.get(quiet), db.get(above)]).toEqual([6, 2])
    const place = { port: new MemoryPort(), name: 'site.pebre' }
    await saveCache(db, place)
    const loaded = createDatabase({ definitions })
    expect((await loadCache(loaded, place)).loaded).toBe(true)
    const log = record(loaded)
    expect([loaded.get(quiet), loaded.get(words, 'b'), loaded.get(above)]).toEqual([6, 1, 2])
    expect(log.take()).toEqual(['run above()', 'run hidden()', 'run words(a)'])
    expect(loaded.accumulated(notes, sum, 'a', 'b')).toEqual(items)
    expect(loaded.accumulated(notes, above)).toEqual(['a !1'])
  })
})

describe('random programs', () => {
  it('[SHARE-7] [DER-4] agree with a plain recomputation, in all views', async () => {
    await forSeeds(60, async (random) => {
      const db = createDatabase()
      const size = 4
      const value = input<[n: number], number>('value', { initial: 0 })
      // Node n reads some of the nodes below it, as inputs say; it emits what it saw.
      const node = derived('node', (q, n: number): number => evaluate(q, n), { history: random.int(2), ...(random.chance(0.5) ? { lru: 2 } : {}) })
      const later = derived('later', async (q, n: number): Promise<number> => {
        await Promise.resolve()
        return evaluate(q, n)
      })
      const isLater = (n: number): boolean => n >= 2 * size
      const evaluate = (q: Query, n: number): number => {
        const own = q.get(value, n % size)
        let total = own
        for (let below = n - 1; below >= 0 && below >= n - 3; below--) if (!isLater(below) && ((own >> (n - below - 1)) & 1) === 1) total += q.get(node, below)
        if (total % 2 === 1) q.emit(notes, `${n}: ${own}`)
        return total % 3
      }
      const expected = (read: (n: number) => number, n: number): string[] => {
        const seen = new Map<number, number>()
        const items: string[] = []
        const visit = (at: number): number => {
          const known = seen.get(at)
          if (known !== undefined) return known
          const own = read(at % size)
          let total = own
          for (let below = at - 1; below >= 0 && below >= at - 3; below--) if (!isLater(below) && ((own >> (at - below - 1)) & 1) === 1) total += visit(below)
          if (total % 2 === 1) items.push(`${at}: ${own}`)
          seen.set(at, total % 3)
          return total % 3
        }
        visit(n)
        return items
      }
      const views: View[] = [db]
      const pending: Promise<void>[] = []
      for (let step = 0; step < 60; step++) {
        const view = views[random.int(views.length)] as View
        const n = random.int(2 * size)
        if (random.chance(0.35)) view.set(value, random.int(size), random.int(8))
        else if (random.chance(0.1) && views.length < 4) views.push(view.snapshot())
        else if (random.chance(0.05)) db.restore(view)
        else if (random.chance(0.2)) {
          const at = 2 * size + random.int(3)
          const state = Array.from({ length: size }, (_, i) => view.get(value, i))
          const wanted = expected((i) => state[i] as number, at)
          pending.push(view.accumulated(notes, later, at).then((found) => expect(found).toEqual(wanted)))
          if (random.chance(0.5)) await Promise.resolve()
        } else if (random.chance(0.3)) view.get(node, n)
        else expect(view.accumulated(notes, node, n)).toEqual(expected((i) => view.get(value, i), n))
      }
      await Promise.all(pending)
    })
  })
})
