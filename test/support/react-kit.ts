/** What tests of `pebre/react` use inside a page: everything a test body needs, since it is sent there as text. */
import * as React from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { flushSync } from 'react-dom'
import * as pebre from '../../src/index.js'
import * as hooks from '../../src/react/index.js'
import { flush, gate } from './gates.js'

/** Rendered into the page. */
export interface Mounted {
  readonly root: Root
  readonly element: HTMLElement
  /** The text on screen, parts of different elements joined by `|`. */
  text(): string
  render(node: React.ReactNode): void
  unmount(): void
}

function mounted(element: HTMLElement, root: Root, frame: (node: React.ReactNode) => React.ReactNode): Mounted {
  return {
    root,
    element,
    text: () => Array.from(element.querySelectorAll('p'), (part) => part.textContent).join('|'),
    render: (node) => React.act(() => root.render(frame(node))),
    unmount: () => React.act(() => root.unmount()),
  }
}

/** Renders under a provider. Errors that no boundary catches are listed. */
function mount(database: pebre.View, node: React.ReactNode, options: { strict?: boolean; errors?: unknown[] } = {}): Mounted {
  const element = document.body.appendChild(document.createElement('main'))
  const report = (error: unknown): void => void options.errors?.push(error)
  const root = createRoot(element, { onUncaughtError: report, onCaughtError: report })
  const frame = (inner: React.ReactNode): React.ReactNode => {
    const provided = React.createElement(hooks.DatabaseProvider, { database }, inner)
    return options.strict === true ? React.createElement(React.StrictMode, null, provided) : provided
  }
  const page = mounted(element, root, frame)
  page.render(node)
  return page
}

/** Waits until everything React and the database have to do is done. */
async function settle(): Promise<void> {
  await React.act(async () => {
    await flush()
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
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

const kit = { React, h: React.createElement, flushSync, createRoot, hydrateRoot, ...pebre, ...hooks, gate, flush, mount, settle, Boundary }

export type Kit = typeof kit

declare global {
  interface Window {
    kit: Kit
    IS_REACT_ACT_ENVIRONMENT: boolean
  }
}

window.kit = kit
window.IS_REACT_ACT_ENVIRONMENT = true
