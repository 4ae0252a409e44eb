/** The commits of a view in the Redux DevTools of a browser: an action for each revision, and jumping back. */
import { aCount, aText, aView, check, checkOptions, hasMethods, type Rule } from '../core/check.js'
import { debugView, type RuntimeEvent, type Snapshot, type View } from '../index.js'
import { plainOf } from './plain.js'

/** What the extension puts into the page, as far as it is used. */
export interface ReduxDevToolsExtension {
  connect(options: { readonly name: string }): ReduxDevToolsConnection
}

export interface ReduxDevToolsConnection {
  init(state: unknown): void
  send(action: { readonly type: string; readonly [field: string]: unknown }, state: unknown): void
  subscribe(listener: (message: { readonly type: string; readonly payload?: { readonly type?: string; readonly actionId?: number } }) => void): (() => void) | undefined
}

export interface ReduxDevToolsOptions {
  /** What the panel calls the database. Default: `pebre`. */
  readonly name?: string
  /** How many actions can be jumped to; a snapshot is held for each. Default 100. */
  readonly history?: number
  /** Default: the one of the page. */
  readonly extension?: ReduxDevToolsExtension
}

/** The one of the page is a function. */
const anExtension: Rule = [(value) => (typeof value === 'object' || typeof value === 'function') && value !== null && hasMethods(value, ['connect']), 'an extension with connect']

/**
 * Shows each revision as an action with the inputs it wrote, and all inputs as the state. Jumping to an action makes the view hold the inputs of then.
 * Takes time in proportion to the inputs at each commit: for development. Without the extension it does nothing.
 * @throws `InvalidDefinitionError` where the view or an option is none
 */
export function connectReduxDevTools(view: View, options: ReduxDevToolsOptions = {}): Disposable {
  check('What is shown', view, aView)
  checkOptions('', options, { name: aText, history: aCount, extension: anExtension })
  const { name = 'pebre', history = 100, extension = ofPage() } = options
  if (extension === undefined) return { [Symbol.dispose]: () => {} }
  const bridge = new Bridge(view, extension.connect({ name }), history)
  return { [Symbol.dispose]: () => bridge.end() }
}

function ofPage(): ReduxDevToolsExtension | undefined {
  return (globalThis as { __REDUX_DEVTOOLS_EXTENSION__?: ReduxDevToolsExtension }).__REDUX_DEVTOOLS_EXTENSION__
}

class Bridge {
  private readonly view: View
  private readonly connection: ReduxDevToolsConnection
  private readonly history: number
  /** By the number of the action; the first is that of the initial state. */
  private readonly snapshots = new Map<number, Snapshot>()
  private last = 0
  private written: string[] = []
  private isTravelling = false
  private readonly ends: (() => void)[]

  constructor(view: View, connection: ReduxDevToolsConnection, history: number) {
    this.view = view
    this.connection = connection
    this.history = Math.max(1, history)
    this.begin()
    const inputs = view.events('input').subscribe((event) => this.note(event))
    const revisions = view.revision$.subscribe((revision) => this.tell(revision))
    const leave = connection.subscribe(({ type, payload }) => type === 'DISPATCH' && this.obey(payload?.type, payload?.actionId))
    this.ends = [() => inputs.unsubscribe(), () => revisions.unsubscribe(), () => leave?.()]
  }

  end(): void {
    for (const end of this.ends) end()
    this.forget()
  }

  private begin(): void {
    this.forget()
    this.last = 0
    this.snapshots.set(0, this.view.snapshot())
    this.connection.init(stateOf(this.view))
  }

  private forget(): void {
    for (const snapshot of this.snapshots.values()) snapshot.dispose()
    this.snapshots.clear()
  }

  private note(event: RuntimeEvent): void {
    if ('id' in event) this.written.push(`${event.type === 'inputRemoved' ? 'remove' : 'set'} ${event.id}`)
  }

  private tell(revision: number): void {
    const { written } = this
    this.written = []
    if (this.isTravelling || written.length === 0) return
    const more = written.length > 1 ? ` and ${written.length - 1} more` : ''
    this.snapshots.set(++this.last, this.view.snapshot())
    for (const [oldest, snapshot] of this.snapshots) {
      if (this.snapshots.size <= this.history) break
      snapshot.dispose()
      this.snapshots.delete(oldest)
    }
    this.connection.send({ type: `${written[0]}${more}`, revision, written }, stateOf(this.view))
  }

  private obey(command: string | undefined, action: number | undefined): void {
    if (command === 'JUMP_TO_STATE' || command === 'JUMP_TO_ACTION') this.jump(action ?? -1)
    else if (command === 'COMMIT') this.begin()
    else if (command === 'RESET' || command === 'ROLLBACK') {
      this.jump(Math.min(...this.snapshots.keys()))
      this.begin()
    }
  }

  private jump(action: number): void {
    const snapshot = this.snapshots.get(action)
    if (snapshot === undefined) return
    this.isTravelling = true
    try {
      this.view.restore(snapshot)
    } finally {
      this.isTravelling = false
    }
  }
}

/** All inputs, by definition and key. */
function stateOf(view: View): Record<string, Record<string, unknown>> {
  const state = Object.create(null) as Record<string, Record<string, unknown>>
  for (const { kind, definition, id, outcome } of debugView(view).look().records()) {
    if (kind !== 'input' || outcome === null || !('value' in outcome)) continue
    const slots = (state[definition] ??= Object.create(null) as Record<string, unknown>)
    slots[id.slice(definition.length + 1, -1)] = plainOf(outcome.value)
  }
  return state
}
