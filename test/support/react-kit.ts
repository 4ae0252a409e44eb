/** What tests of `pebre/react` use inside a page: everything a test body needs, since it is sent there as text. */
import { flush, gate } from 'pebre/testing'
import * as React from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { flushSync } from 'react-dom'
import * as pebre from '../../src/index.js'
import * as hooks from '../../src/react/index.js'

/** Rendered into the page. */
export interface Mounted {
  readonly root: Root
  readonly element: HTMLElement
  /** The text on screen, parts of different elements joined by `|`. */
  text(): string
  render(node: React.ReactNode): void
  /** For components that suspend: `act` must be awaited then. */
  renderAsync(node: React.ReactNode): Promise<void>
  unmount(): void
}

function mounted(element: HTMLElement, root: Root, frame: (node: React.ReactNode) => React.ReactNode): Mounted {
  return {
    root,
    element,
    text: () => Array.from(element.querySelectorAll('p'), (part) => part.textContent).join('|'),
    render: (node) => React.act(() => root.render(frame(node))),
    renderAsync: async (node) => React.act(async () => root.render(frame(node))),
    unmount: () => React.act(() => root.unmount()),
  }
}

interface MountOptions {
  readonly strict?: boolean
  /** Where errors go that no boundary catches, and those that one does. */
  readonly errors?: unknown[]
}

/** Renders under a provider. */
function mount(database: pebre.View, node: React.ReactNode, options: MountOptions = {}): Mounted {
  const page = prepare(database, options)
  page.render(node)
  return page
}

async function mountAsync(database: pebre.View, node: React.ReactNode, options: MountOptions = {}): Promise<Mounted> {
  const page = prepare(database, options)
  await page.renderAsync(node)
  return page
}

function prepare(database: pebre.View, options: MountOptions): Mounted {
  const element = document.body.appendChild(document.createElement('main'))
  const report = (error: unknown): void => void options.errors?.push(error)
  const root = createRoot(element, { onUncaughtError: report, onCaughtError: report })
  const frame = (inner: React.ReactNode): React.ReactNode => {
    const provided = React.createElement(hooks.DatabaseProvider, { database }, inner)
    return options.strict === true ? React.createElement(React.StrictMode, null, provided) : provided
  }
  return mounted(element, root, frame)
}

/** Waits until everything React and the database have to do is done. */
async function settle(): Promise<void> {
  await React.act(async () => {
    await flush()
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
}

/** An input, a query that shows it once it may, and what lets it: `open` for the run that waits, `shut` for the next. */
function gated() {
  const n = pebre.input<[], number>('n', { initial: 1 })
  let step = gate()
  const slow = pebre.derived('slow', async (q) => {
    const value = q.get(n)
    await step.promise
    return value
  })
  const open = async (): Promise<void> => {
    step.open()
    await settle()
  }
  const shut = (): void => {
    step = gate()
  }
  return { n, slow, open, shut }
}

/** Shows what it caught; `reset` tries again. */
class Boundary extends React.Component<React.PropsWithChildren, { caught: { error: unknown } | null }> {
  override state: { caught: { error: unknown } | null } = { caught: null }

  static getDerivedStateFromError(error: unknown): { caught: { error: unknown } } {
    return { caught: { error } }
  }

  override render(): React.ReactNode {
    const { caught } = this.state
    if (caught === null) return this.props.children
    Boundary.caught.push(caught.error)
    return React.createElement('p', { onClick: () => this.setState({ caught: null }) }, `caught ${String(caught.error)}`)
  }

  static readonly caught: unknown[] = []
}

const kit = { React, h: React.createElement, flushSync, createRoot, hydrateRoot, ...pebre, ...hooks, gate, flush, mount, mountAsync, settle, gated, Boundary }

export type Kit = typeof kit

declare global {
  interface Window {
    kit: Kit
    IS_REACT_ACT_ENVIRONMENT: boolean
  }
}

window.kit = kit
window.IS_REACT_ACT_ENVIRONMENT = true
