/** The hooks in a browser: what is on screen, what ran, and what is left behind. Test bodies run inside the page. */
import { describe, expect, it } from 'vitest'
import { chromium } from '../support/chromium.js'
import { pages } from '../support/page.js'

describe.skipIf(chromium === undefined)('pebre/react in a browser', () => {
  const { complaints, page } = pages('test/support/react-kit.ts')

  it('[LIVE-1 LIVE-2] useQuery shows a synchronous query at once, and renders once for a change and never without one', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, h, mount, useQuery, React } = window.kit
      const text = input<[path: string], string>('text')
      const log: unknown[] = []
      const words = derived('words', (q, path: string) => {
        log.push(`run ${path}`)
        return (q.get(text, path) ?? '').split(' ').length
      })
      const db = createDatabase()
      db.set(text, 'a', 'one two')
      const Words = ({ path }: { path: string }) => {
        const state = useQuery(words, path)
        log.push(state)
        return h('p', null, state.status === 'ready' ? state.value : '?')
      }
      const view = mount(db, h(Words, { path: 'a' }))
      log.push(view.text(), db.stats().live)
      React.act(() => void db.set(text, 'a', 'eins zwei'))
      React.act(() => void db.set(text, 'b', 'elsewhere'))
      log.push('cut off')
      React.act(() => void db.set(text, 'a', 'eins zwei drei'))
      log.push(view.text())
      view.unmount()
      log.push(db.stats().live)
      return log
    })
    expect(seen).toEqual([
      'run a', { status: 'ready', value: 2 }, '2', 1,
      'run a', 'cut off', 'run a', { status: 'ready', value: 3 }, '3', 0,
    ])
    expect(complaints).toEqual([])
  })

  it('[LIVE-7 CAN-1] an asynchronous query goes pending, ready, stale with the same value, ready; leaving cancels it', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, input, gate, h, mount, settle, useQuery, React } = window.kit
      const text = input<[path: string], string>('text', { initial: '' })
      const log: unknown[] = []
      let step = gate()
      const size = derived('size', async (q, path: string) => {
        const read = q.get(text, path)
        log.push(`run ${path}`)
        q.signal.addEventListener('abort', () => log.push(`abort ${path}`))
        await step.promise
        return { size: read.length }
      })
      const db = createDatabase()
      const values: unknown[] = []
      const Size = ({ path }: { path: string }) => {
        const state = useQuery(size, path)
        if ('value' in state) values.push(state.value)
        log.push(state.status)
        return h('p', null, 'value' in state ? state.value.size : state.status)
      }
      const view = mount(db, h(Size, { path: 'a' }))
      await settle()
      log.push(view.text())
      step.open()
      await settle()
      log.push(view.text())
      step = gate()
      React.act(() => void db.set(text, 'a', 'four'))
      log.push(view.text(), values.every((value) => value === values[0]))
      step.open()
      await settle()
      log.push(view.text())
      step = gate()
      view.render(h(Size, { path: 'b' }))
      await settle()
      log.push(view.text(), db.stats().live)
      view.unmount()
      log.push(db.stats().live)
      await settle()
      log.push(db.stats().jobs)
      return log
    })
    expect(seen).toEqual([
      'run a', 'pending', 'pending', 'ready', '0',
      'run a', 'stale', '0', true, 'ready', '4',
      'run b', 'pending', 'pending', 1, 0, 'abort b', 0,
    ])
    expect(complaints).toEqual([])
  })

  it('[JOB-1 CAN-2] StrictMode, which mounts twice, runs a query once, and so does a component that moves', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, gate, h, mount, settle, useQuery } = window.kit
      const log: unknown[] = []
      const open = gate<string>()
      const slow = derived('slow', async (q) => {
        log.push('run')
        q.signal.addEventListener('abort', () => log.push('abort'))
        return open.promise
      })
      const db = createDatabase()
      const Slow = () => {
        const state = useQuery(slow)
        return h('p', null, state.status === 'ready' ? state.value : state.status)
      }
      const view = mount(db, h('div', { key: 1 }, h(Slow)), { strict: true })
      log.push(db.stats().live)
      await settle()
      view.render(h('section', { key: 2 }, h(Slow), h(Slow)))
      log.push(db.stats().live)
      open.open('done')
      await settle()
      log.push(view.text())
      view.unmount()
      log.push(db.stats().live, db.stats().jobs)
      return log
    })
    expect(seen).toEqual(['run', 1, 1, 'done|done', 0, 0])
    expect(complaints).toEqual([])
  })

  it('[LIVE-5] a switch of the key leaves the old query in the same commit, and shows nothing of it any more', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, gate, h, mount, settle, useQuery, React } = window.kit
      const gates = { a: gate<string>(), b: gate<string>() }
      const log: unknown[] = []
      const shown = derived('shown', async (q, id: 'a' | 'b') => {
        q.signal.addEventListener('abort', () => log.push(`abort ${id}`))
        return gates[id].promise
      })
      const db = createDatabase()
      const Page = ({ id }: { id: 'a' | 'b' }) => {
        const state = useQuery(shown, id)
        return h('p', null, `${id}: ${'value' in state ? state.value : state.status}`)
      }
      const view = mount(db, h(Page, { id: 'a' }))
      view.render(h(Page, { id: 'b' }))
      await settle()
      log.push(view.text(), db.stats().live, db.stats().jobs)
      gates.a.open('old')
      await settle()
      log.push(view.text())
      gates.b.open('new')
      await settle()
      log.push(view.text())
      // There and back in one turn.
      React.act(() => view.root.render(h('i')))
      log.push(db.stats().live)
      return log
    })
    expect(seen).toEqual(['abort a', 'b: pending', 1, 1, 'b: pending', 'b: new', 0])
    expect(complaints).toEqual([])
  })

  it('[DER-5] arguments are compared as keys: an object made anew at every rendering subscribes once', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, h, mount, useQuery } = window.kit
      const db = createDatabase()
      const states = new Set<unknown>()
      const runs: unknown[] = []
      const sum = derived('sum', (_q, { a, b }: { a: number; b: number }, ...rest: (number | undefined)[]) => {
        runs.push([a, b, ...rest])
        return { sum: a + b }
      })
      const subscriptions: unknown[] = []
      const watch = db.watch.bind(db) as (...args: unknown[]) => unknown
      db.watch = ((...args: unknown[]) => {
        subscriptions.push(args)
        return watch(...args)
      }) as typeof db.watch
      const Sum = ({ turn }: { turn: number }) => {
        const state = turn % 2 === 0 ? useQuery(sum, { a: 1, b: 2 }) : useQuery(sum, { b: 2, a: 1 }, undefined)
        states.add(state)
        return h('p', null, 'value' in state ? state.value.sum : '')
      }
      const view = mount(db, h(Sum, { turn: 0 }))
      const first = subscriptions.length
      for (let turn = 1; turn < 5; turn++) view.render(h(Sum, { turn }))
      return [runs, states.size, subscriptions.length - first, view.text()]
    })
    expect(seen).toEqual([[[1, 2]], 1, 0, '3'])
  })

  it('[LIVE-4] a rendering that is cut into slices never commits two revisions, whatever is written in between', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, createRoot, derived, input, h, useInput, useQuery, DatabaseProvider, React } = window.kit
      window.IS_REACT_ACT_ENVIRONMENT = false
      const n = input<[], number>('n', { initial: 0 })
      const same = derived('same', (q, _slot: number) => q.get(n))
      const db = createDatabase()
      const commits: string[] = []
      const Slow = ({ slot }: { slot: number }) => {
        const state = useQuery(same, slot)
        for (const end = performance.now() + 4; performance.now() < end;);
        return h('p', null, state.status === 'ready' ? state.value : state.status)
      }
      const Raw = () => h('p', null, useInput(n)[0])
      const All = ({ count }: { count: number }) => {
        React.useLayoutEffect(() => void commits.push(element.textContent))
        return [h(Raw, { key: 'raw' }), ...Array.from({ length: count }, (_, slot) => h(Slow, { key: slot, slot }))]
      }
      const element = document.body.appendChild(document.createElement('main'))
      const root = createRoot(element)
      new MutationObserver(() => commits.push(element.textContent)).observe(element, { subtree: true, childList: true, characterData: true })
      let slices = 0
      for (let round = 1; round <= 4; round++) {
        React.startTransition(() => root.render(h(DatabaseProvider, { database: db }, h(All, { count: round * 10 }))))
        const before = commits.length
        while (commits.length === before) {
          await new Promise((resolve) => setTimeout(resolve, 0))
          slices++
          if (slices % 3 === 0) db.update(n, (value) => (value + 1) % 10)
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
      const mixed = commits.filter((text) => new Set(text).size > 1)
      root.unmount()
      return { mixed, last: new Set(element.textContent).size, interrupted: slices > 8, committed: commits.length > 4, live: db.stats().live, same: commits.at(-1)?.[0] === String(db.get(n)) }
    })
    expect(seen).toEqual({ mixed: [], last: 0, interrupted: true, committed: true, live: 0, same: true })
    expect(complaints).toEqual([])
  })

  it('[LIVE-4 REV-2] rendering in the middle of a delivery shows the new state everywhere, in old components and in new ones', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, flushSync, h, mount, useQuery, React } = window.kit
      const n = input<[], number>('n', { initial: 1 })
      const times = derived('times', (q, factor: number) => q.get(n) * factor)
      const db = createDatabase()
      const Times = ({ factor }: { factor: number }) => {
        const state = useQuery(times, factor)
        return h('p', null, state.status === 'ready' ? state.value / factor : state.status)
      }
      let show: (more: boolean) => void = () => {}
      const All = () => {
        const [more, setMore] = React.useState(false)
        show = setMore
        return [h(Times, { key: 1, factor: 1 }), h(Times, { key: 2, factor: 2 }), more && h(Times, { key: 3, factor: 3 })]
      }
      const view = mount(db, h(All))
      window.IS_REACT_ACT_ENVIRONMENT = false
      const log = [view.text()]
      // Told after the first component's query and before the second's, or before both.
      db.revision$.subscribe(() => {
        flushSync(() => show(db.revision % 2 === 1))
        log.push(view.text())
      })
      db.watch(times, 4).subscribe(() => {
        flushSync(() => show(db.revision === 2))
        log.push(view.text())
      })
      db.set(n, 2)
      db.set(n, 3)
      return log
    })
    expect(seen).toEqual(['1|1', '1|1', '1|1', '2|2|2', '2|2', '2|2', '3|3|3'])
    expect(complaints).toEqual([])
  })

  it('[LIVE-7] components of one query show one state, also one that comes while the query is stale', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, gated, h, mount, useQuery, React } = window.kit
      const { n, slow, open, shut } = gated()
      const db = createDatabase()
      const Slow = () => {
        const state = useQuery(slow)
        return h('p', null, `${state.status} ${'value' in state ? state.value : ''}`)
      }
      const view = mount(db, h(Slow))
      await open()
      shut()
      React.act(() => void db.set(n, 2))
      view.render([h(Slow, { key: 1 }), h(Slow, { key: 2 })])
      const log = [view.text()]
      await open()
      return [...log, view.text()]
    })
    expect(seen).toEqual(['stale 1|stale 1', 'ready 2|ready 2'])
    expect(complaints).toEqual([])
  })

  it('[LIVE-6 ERR-1] a failure is a state with the object that was thrown and the value before; a later value follows', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, h, mount, useQuery, React } = window.kit
      const n = input<[], number>('n', { initial: 1 })
      const failure = new RangeError('negative')
      let runs = 0
      const root = derived('root', (q) => {
        runs++
        if (q.get(n) < 0) throw failure
        return Math.sqrt(q.get(n))
      })
      const other = input<[], number>('other', { initial: 0 })
      const db = createDatabase()
      const Root = () => {
        const state = useQuery(root)
        const text = state.status === 'failed' ? `${String(state.error)} ${state.error === failure} ${String(state.value)}` : 'value' in state ? state.value : '?'
        return h('p', null, text)
      }
      const view = mount(db, h(Root))
      const log: unknown[] = [view.text()]
      React.act(() => void db.set(n, -1))
      log.push(view.text(), runs)
      React.act(() => void db.set(other, 1))
      view.render([h(Root, { key: 1 })])
      React.act(() => void db.set(n, 4))
      return [...log, view.text()]
    })
    expect(seen).toEqual(['1', 'RangeError: negative true 1', 2, '2'])
    expect(complaints).toEqual([])
  })

  it('[IN-17] useInput follows its input, writes it, and throws what reading it throws', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, input, h, mount, useInput, Boundary, React } = window.kit
      const count = input<[], number>('count', { initial: 1 })
      const note = input<[id: string], string>('note')
      const needed = input<[], string>('needed', { required: true })
      const db = createDatabase()
      const setters = new Set<unknown>()
      let renders = 0
      const Edit = ({ id }: { id: string }) => {
        const [value, setCount] = useInput(count)
        const [text = 'absent', setNote] = useInput(note, id)
        setters.add(setCount).add(setNote)
        renders++
        return [
          h('p', { key: 1, id: 'count', onClick: () => setCount((before) => before + 1) }, value),
          h('p', { key: 2, id: 'note', onClick: () => setNote((before) => `${before ?? 'new'}!`) }, text),
          h('p', { key: 3, id: 'set', onClick: () => setNote('set') }),
        ]
      }
      const view = mount(db, h(Edit, { id: 'a' }))
      const click = (id: string): void => React.act(() => document.getElementById(id)?.click())
      const log: unknown[] = [view.text()]
      click('count')
      click('note')
      log.push(view.text(), renders)
      click('set')
      click('set')
      log.push(view.text(), renders, setters.size)
      React.act(() => void db.remove(note, 'a'))
      log.push(view.text())
      view.render(h(Edit, { id: 'b' }))
      React.act(() => void db.set(note, 'a', 'gone from here'))
      log.push(view.text(), setters.size, db.revision)
      const Needed = () => h('p', null, useInput(needed)[0])
      view.render(h(Boundary, null, h(Needed)))
      log.push(view.text())
      React.act(() => void db.set(needed, 'here'))
      React.act(() => view.element.querySelector('p')?.click())
      return [...log, view.text()]
    })
    expect(seen).toEqual([
      '1|absent|', '2|new!|', 3, '2|set|', 4, 2, '2|absent|', '2|absent|', 3, 5,
      'caught MissingInputError: needed() is required and has not been set. Set it, or give the input an initial value.', 'here',
    ])
    expect(complaints.filter((text) => !text.includes('MissingInputError'))).toEqual([])
  })

  it('[BAT-1] useBatch makes several writes one revision and one rendering', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, h, mount, useBatch, useDatabase, useQuery, React } = window.kit
      const cell = input<[id: string], number>('cell', { initial: 0 })
      const sum = derived('sum', (q) => q.get(cell, 'a') + q.get(cell, 'b'))
      const db = createDatabase()
      const shown: unknown[] = []
      const batches = new Set<unknown>()
      const Sum = () => {
        const state = useQuery(sum)
        const batch = useBatch()
        batches.add(batch)
        shown.push('value' in state ? state.value : state.status, useDatabase() === db)
        const move = (): void => {
          batch((tx) => {
            tx.set(cell, 'a', 1)
            tx.set(cell, 'b', 2)
          })
        }
        return h('p', { onClick: move }, 'x')
      }
      const view = mount(db, h(Sum))
      React.act(() => view.element.querySelector('p')?.click())
      return [shown, batches.size, db.revision]
    })
    expect(seen).toEqual([[0, true, 3, true], 1, 1])
    expect(complaints).toEqual([])
  })

  it('[SNAP-2] a snapshot under a provider of its own is written to apart; another provider moves everything over', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, h, mount, useInput, useQuery, DatabaseProvider, React } = window.kit
      const n = input<[], number>('n', { initial: 1 })
      const double = derived('double', (q) => q.get(n) * 2)
      const db = createDatabase()
      const Double = () => {
        const [value, set] = useInput(n)
        const state = useQuery(double)
        return h('p', { onClick: () => set(value + 10) }, `${value} ${'value' in state ? state.value : ''}`)
      }
      const draft = db.snapshot()
      const Two = ({ database }: { database: typeof db | typeof draft }) => [h(Double, { key: 1 }), h(DatabaseProvider, { key: 2, database }, h(Double))]
      const view = mount(db, h(Two, { database: draft }))
      React.act(() => view.element.querySelectorAll('p')[1]?.click())
      const log: unknown[] = [view.text(), db.stats().live]
      React.act(() => void db.set(n, 2))
      log.push(view.text())
      view.render(h(Two, { database: db }))
      log.push(view.text(), db.stats().live)
      draft.dispose()
      view.unmount()
      return [...log, db.stats().live]
    })
    expect(seen).toEqual(['1 2|11 22', 2, '2 4|11 22', '2 4|2 4', 1, 0])
    expect(complaints).toEqual([])
  })

  it('[CAN-8 IN-9] what cannot be shown is thrown to the boundary, typed: no provider, no key, a closed database', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, createRoot, derived, h, mount, useQuery, Boundary, React } = window.kit
      const one = derived('one', (_q, _key?: unknown) => 1)
      const db = createDatabase()
      const One = ({ value }: { value?: unknown }) => h('p', null, useQuery(one, value).status)
      const element = document.body.appendChild(document.createElement('main'))
      React.act(() => createRoot(element, { onCaughtError: () => {} }).render(h(Boundary, null, h(One))))
      const errors: unknown[] = []
      const view = mount(db, h(Boundary, { key: 1 }, h(One, { value: () => {} })), { errors })
      view.render(h(Boundary, { key: 2 }, h(One)))
      const before = view.text()
      React.act(() => db.close())
      const after = view.text()
      view.render(h(Boundary, { key: 3 }, h(One, { value: 2 })))
      return [...Boundary.caught.map((error) => (error as Error).name).filter((name, at, all) => name !== all[at - 1]), before, after, element.textContent]
    })
    expect(seen).toEqual(['MissingProviderError', 'InvalidKeyError', 'ClosedError', 'ready', 'ready', 'caught MissingProviderError: There is no database here. Render the component inside <DatabaseProvider database={db}>.'])
  })

  it('[LIVE-9] two thousand components come and go, and leave nothing watched', async () => {
    const seen = await page().evaluate(() => {
      const { createDatabase, derived, input, h, mount, useQuery, React } = window.kit
      const n = input<[], number>('n', { initial: 0 })
      const plus = derived('plus', (q, by: number) => q.get(n) + by)
      const db = createDatabase()
      const Plus = ({ by }: { by: number }) => {
        const state = useQuery(plus, by)
        return h('p', null, 'value' in state ? state.value : '?')
      }
      const all = (count: number) => Array.from({ length: count }, (_, by) => [h(Plus, { key: `${by} a`, by }), h(Plus, { key: `${by} b`, by })])
      const view = mount(db, all(1000))
      const log: unknown[] = [db.stats().live]
      React.act(() => void db.set(n, 1))
      log.push(view.element.lastElementChild?.textContent)
      view.render(all(10))
      log.push(db.stats().live)
      view.unmount()
      return [...log, db.stats().live]
    })
    expect(seen).toEqual([1000, '1000', 10, 0])
    expect(complaints).toEqual([])
  })

  it('[LIVE-5 LIVE-9 VAL-11] random mounting, switching and writing: the screen is what the database says, each commit is of one revision, and nothing stays', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
    const seen = await page().evaluate(async (start) => {
      const { createDatabase, derived, input, h, mount, settle, useInput, useQuery, React } = window.kit
      let state = start
      const random = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
        return (state >> 8) % below
      }
      const n = input<[at: number], number>('n', { initial: 0 })
      const sum = derived('sum', (q, at: number): number => q.get(n, at) + (at > 0 ? q.get(sum, at - 1) : 0))
      const slow = derived('slow', async (q, at: number) => {
        const value = q.get(sum, at)
        for (let turn = value % 3; turn >= 0; turn--) await Promise.resolve()
        if (value % 7 === 6) throw new RangeError(String(value))
        return value
      })
      const db = createDatabase()
      const torn: string[] = []
      const Sum = ({ at, last }: { at: number; last: boolean }) => {
        const found = useQuery(sum, at)
        const later = useQuery(slow, at)
        const [value] = useInput(n, at)
        const shown = found.status === 'ready' ? found.value : -1
        React.useLayoutEffect(() => {
          const all = db.read((q) => q.get(sum, at))
          if (shown !== all || value !== db.get(n, at)) torn.push(`${at}: ${shown} ${all}`)
        })
        return h('p', null, `${at} ${shown} ${later.status} ${'value' in later ? later.value : ''} ${last}`)
      }
      const view = mount(db, null, { strict: random(2) === 0 })
      let shown: { at: number; key: number }[] = []
      const draw = (): React.ReactNode => shown.map(({ at, key }, index) => h(Sum, { key, at, last: index === shown.length - 1 }))
      for (let step = 0; step < 200; step++) {
        const kind = random(5)
        if (kind === 0) shown = shown.concat({ at: random(6), key: step })
        else if (kind === 1) shown = shown.filter(() => random(3) > 0)
        else if (kind === 2) shown = shown.map(({ at, key }) => ({ at: random(2) === 0 ? random(6) : at, key }))
        else React.act(() => void db.update(n, random(6), (value) => value + random(3)))
        view.render(draw())
        if (random(3) === 0) await settle()
      }
      await settle()
      const wanted: string[] = []
      for (const { at } of shown) {
        const value = db.get(sum, at)
        const outcome = await db.get(slow, at).then((later) => `ready ${later}`, () => 'failed')
        wanted.push(`${at} ${value} ${outcome}`)
      }
      const matches = view.text().split('|').filter((text) => text !== '').map((text, at) => text.startsWith(wanted[at] ?? '?'))
      const live = db.stats().live
      const keys = new Set(shown.map(({ at }) => at)).size * 2
      view.unmount()
      await settle()
      return { torn, rows: matches.length === shown.length, wrong: matches.filter((isRight) => !isRight).length, live: live - keys, after: db.stats().live, jobs: db.stats().jobs }
    }, seed)
    expect(seen, `SEED=${seed}`).toEqual({ torn: [], rows: true, wrong: 0, live: 0, after: 0, jobs: 0 })
    expect(complaints, `SEED=${seed}`).toEqual([])
  })
})
