/** What a browser makes of a page that a server rendered. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import * as core from '../../src/index.js'
import * as hooks from '../../src/react/index.js'
import { chromium } from '../support/chromium.js'
import { pages } from '../support/page.js'

const count = core.input<[], number>('count', { initial: 0 })
const double = core.derived('double', (q) => q.get(count) * 2)

function Double() {
  const { status } = hooks.useQuery(double)
  return createElement('p', null, `${hooks.useSuspenseQuery(double)} ${status}`)
}

describe.skipIf(chromium === undefined)('hydration', () => {
  const { complaints, page } = pages('test/support/react-kit.ts')

  it('[LIVE-1] takes over what a server rendered, with no complaint, and then follows', async () => {
    const db = core.createDatabase()
    db.set(count, 2)
    const html = renderToString(createElement(hooks.DatabaseProvider, { database: db }, createElement(Double)))
    const seen = await page().evaluate((rendered) => {
      const { createDatabase, derived, input, h, hydrateRoot, useQuery, useSuspenseQuery, DatabaseProvider, React } = window.kit
      const n = input<[], number>('count', { initial: 0 })
      const twice = derived('double', (q) => q.get(n) * 2)
      const there = createDatabase()
      there.set(n, 2)
      const Twice = () => h('p', null, `${useSuspenseQuery(twice)} ${useQuery(twice).status}`)
      const element = document.body.appendChild(document.createElement('main'))
      element.innerHTML = rendered
      const before = element.firstChild
      React.act(() => void hydrateRoot(element, h(DatabaseProvider, { database: there }, h(Twice))))
      const log = [element.textContent, String(before === element.firstChild)]
      React.act(() => void there.set(n, 3))
      return [...log, element.textContent]
    }, html)
    expect(seen).toEqual(['4 ready', 'true', '6 ready'])
    expect(complaints).toEqual([])
  })
})
