/** `useSuspenseQuery` in a browser. Test bodies run inside the page. */
import { describe, expect, it } from 'vitest'
import { chromium } from '../support/chromium.js'
import { pages } from '../support/page.js'

describe.skipIf(chromium === undefined)('useSuspenseQuery in a browser', () => {
  const { complaints, page } = pages('test/support/react-kit.ts')

  it('[JOB-1 DER-1] suspends until the value is there, with one run however often React tries; a value that is there renders at once', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, gate, h, mountAsync, settle, useSuspenseQuery, React } = window.kit
      const log: unknown[] = []
      const step = gate()
      const slow = derived('slow', async (_q, id: string) => {
        log.push(`run ${id}`)
        await step.promise
        return { id }
      })
      const now = derived('now', () => 'now')
      const db = createDatabase()
      const values = new Set<unknown>()
      const Slow = ({ id }: { id: string }) => {
        const value = useSuspenseQuery(slow, id)
        values.add(value)
        return h('p', null, value.id)
      }
      const Now = () => h('p', null, useSuspenseQuery(now))
      const waiting = (...children: React.ReactNode[]) => h(React.Suspense, { fallback: h('p', null, '…') }, ...children)
      const view = await mountAsync(db, waiting(h(Slow, { id: 'a' }), h(Slow, { id: 'a' }), h(Now)), { strict: true })
      log.push(view.text(), db.stats().live)
      step.open()
      await settle()
      log.push(view.text(), db.stats().live, values.size)
      await db.get(slow, 'b')
      await view.renderAsync(waiting(h(Slow, { id: 'b' }), h(Now)))
      log.push(view.text(), db.stats().live)
      view.unmount()
      return [...log, db.stats().live, db.stats().jobs]
    })
    expect(seen).toEqual(['run a', '…', 0, 'a|a|now', 2, 1, 'run b', 'b|now', 2, 0, 0])
    expect(complaints).toEqual([])
  })

  it('[LIVE-7] a value stays on screen while the next is on its way', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, gated, h, mountAsync, settle, useSuspenseQuery, React } = window.kit
      const { n, slow, open, shut } = gated()
      const db = createDatabase()
      const Slow = () => h('p', null, useSuspenseQuery(slow))
      const view = await mountAsync(db, h(React.Suspense, { fallback: h('p', null, '…') }, h(Slow)))
      const log = [view.text()]
      await open()
      log.push(view.text())
      shut()
      React.act(() => void db.set(n, 2))
      await settle()
      log.push(view.text())
      await open()
      return [...log, view.text()]
    })
    expect(seen).toEqual(['…', '1', '1', '2'])
    expect(complaints).toEqual([])
  })

  it('a transition to another key keeps the old one on screen, without the fallback', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, gate, h, mountAsync, settle, useSuspenseQuery, React } = window.kit
      const gates = { a: gate(), b: gate() }
      const slow = derived('slow', async (_q, id: 'a' | 'b') => {
        await gates[id].promise
        return id
      })
      const db = createDatabase()
      let show: (id: 'a' | 'b') => void = () => {}
      const Slow = ({ id }: { id: 'a' | 'b' }) => h('p', null, useSuspenseQuery(slow, id))
      const All = () => {
        const [id, setId] = React.useState<'a' | 'b'>('a')
        const [isPending, startTransition] = React.useTransition()
        show = (next) => startTransition(() => setId(next))
        return [h('p', { key: 1 }, String(isPending)), h(React.Suspense, { key: 2, fallback: h('p', null, '…') }, h(Slow, { id }))]
      }
      const view = await mountAsync(db, h(All))
      gates.a.open()
      await settle()
      const log: unknown[] = [view.text()]
      await React.act(async () => show('b'))
      log.push(view.text(), db.stats().live)
      gates.b.open()
      await settle()
      return [...log, view.text(), db.stats().live]
    })
    expect(seen).toEqual(['false|a', 'true|a', 1, 'false|b', 1])
    expect(complaints).toEqual([])
  })

  it('[ERR-3 ERR-5] a failure goes to the error boundary as the same object, once it is fixed the next attempt shows the value', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, input, gate, h, mountAsync, settle, useSuspenseQuery, Boundary, React } = window.kit
      const n = input<[], number>('n', { initial: -1 })
      const failure = new RangeError('negative')
      const step = gate()
      let runs = 0
      const slow = derived('slow', async (q) => {
        runs++
        const value = q.get(n)
        await step.promise
        if (value < 0) throw failure
        return value
      })
      const db = createDatabase()
      const Slow = () => h('p', null, useSuspenseQuery(slow))
      const view = await mountAsync(db, h(Boundary, null, h(React.Suspense, { fallback: h('p', null, '…') }, h(Slow))))
      const log: unknown[] = [view.text()]
      step.open()
      await settle()
      log.push(view.text(), Boundary.caught.every((error) => error === failure), runs, db.stats().live)
      React.act(() => void db.set(n, 1))
      await React.act(async () => view.element.querySelector('p')?.click())
      await settle()
      log.push(view.text(), runs)
      await React.act(async () => void db.set(n, -2))
      await settle()
      return [...log, view.text(), db.stats().live, db.stats().jobs]
    })
    expect(seen).toEqual(['…', 'caught RangeError: negative', true, 1, 0, '1', 2, 'caught RangeError: negative', 0, 0])
    expect(complaints).toEqual([])
  })

  it.each(['value', 'failure'])('a database that is written to all the time keeps no component waiting for ever: %s', async (kind) => {
    const seen = await page().evaluate(async (wanted) => {
      const { createDatabase, createRoot, derived, input, h, useSuspenseQuery, Boundary, DatabaseProvider, React } = window.kit
      window.IS_REACT_ACT_ENVIRONMENT = false
      const n = input<[], number>('n', { initial: 1 })
      const slow = derived('slow', async (q) => {
        const value = q.get(n)
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (wanted === 'failure') throw new RangeError('no')
        return value
      })
      const db = createDatabase()
      const element = document.body.appendChild(document.createElement('main'))
      const fallbacks: number[] = []
      const Fallback = () => {
        React.useEffect(() => void fallbacks.push(1))
        return null
      }
      const Slow = () => h('p', null, useSuspenseQuery(slow))
      const root = createRoot(element, { onCaughtError: () => {} })
      root.render(h(DatabaseProvider, { database: db }, h(Boundary, null, h(React.Suspense, { fallback: h(Fallback) }, h(Slow)))))
      const shown = new Set<string>()
      const start = performance.now()
      while (shown.size < (wanted === 'value' ? 5 : 1) && performance.now() - start < 5000) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        db.update(n, (value) => value + 1)
        if (element.textContent !== '') shown.add(element.textContent)
      }
      const numbers = Array.from(shown, Number)
      root.unmount()
      await new Promise((resolve) => setTimeout(resolve, 60))
      const isGrowing = numbers.every((value, at) => at === 0 || value > (numbers[at - 1] ?? 0))
      return { shown: wanted === 'value' ? shown.size : Array.from(shown), isGrowing: wanted === 'failure' || isGrowing, fallbacks: fallbacks.length, live: db.stats().live, jobs: db.stats().jobs }
    }, kind)
    expect(seen).toEqual({ shown: kind === 'value' ? 5 : ['caught RangeError: no'], isGrowing: true, fallbacks: 1, live: 0, jobs: 0 })
    expect(complaints).toEqual([])
  })

  it('[CAN-1 LIVE-9] a component that goes while it is suspended leaves nothing watched, and its run ends', async () => {
    const seen = await page().evaluate(async () => {
      const { createDatabase, derived, gate, h, mountAsync, settle, useSuspenseQuery, React } = window.kit
      const step = gate()
      const slow = derived('slow', async () => {
        await step.promise
        return 1
      })
      const db = createDatabase()
      const Slow = () => h('p', null, useSuspenseQuery(slow))
      const view = await mountAsync(db, h(React.Suspense, { fallback: h('p', null, '…') }, h(Slow)))
      view.unmount()
      const log: unknown[] = [db.stats().live, db.stats().jobs]
      step.open()
      await settle()
      return [...log, db.stats().live, db.stats().jobs]
    })
    expect(seen).toEqual([0, 1, 0, 0])
    expect(complaints).toEqual([])
  })
})
