/**
 * Live reload: which roots of a build are to be loaded again.
 *
 *   live(roots) ─> follow those that came, leave those that went
 *   watch(root) ─> differs from what was told last? ─> window ─> one batch of all that differ when it closes
 */
import { type Observable, Subscription, tap } from 'rxjs'
import { type Args, defaultEquals, type Definition, type Derived, type Query, type QueryState, type View } from '../index.js'
import { aDefinition, aListOf, aView, check, isList } from '../core/check.js'
import { operator, report } from './lift.js'
import { retryOnRevision } from './retry-on-revision.js'
import { type Window, type WindowOptions, windows } from './window.js'

/** One query with its arguments. Made by `root`. */
export interface Root {
  readonly query: Extract<Definition, { readonly kind: 'derived' }>
  readonly args: Args
}

/** What became of a root since it was told last: it has another value, it fails now (also: in another way), or it has a value again. */
export interface RootChange {
  readonly root: Root
  readonly kind: 'changed' | 'failed' | 'healed'
  readonly state: Ended
}

type Ended = Extract<QueryState<unknown>, { readonly status: 'ready' | 'failed' }>

/** The roots: a list, or a function that reads them from the database. */
export type Roots = Iterable<Root> | ((q: Query) => Iterable<Root> | Promise<Iterable<Root>>)

const aQuery = aDefinition('derived', 'source')
const isRoot = (value: unknown): boolean => typeof value === 'object' && value !== null && aQuery[0]((value as Partial<Root>).query) && isList((value as Partial<Root>).args)

/** @throws InvalidDefinitionError for anything but roots */
function listed(found: Iterable<Root>): readonly Root[] {
  check('roots', found, [(value) => typeof value === 'object' && value !== null && Symbol.iterator in value, 'a list of what root gives, or a function that gives one'])
  const list = [...found]
  check('roots', list, aListOf(isRoot, 'what root gives'))
  return list
}

/** Names a query with its arguments. @throws `InvalidDefinitionError` for anything but a query */
export function root<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): Root {
  check('The query of a root', query, aQuery)
  return Object.freeze({ query, args: Object.freeze([...args]) })
}

/**
 * The roots that are to be loaded again, in one batch for each turn or window: those that changed, those that now fail, and those that are
 * healed. What a root shows first is where it starts from, and is not told. A root that is back where it was when the window closes is not
 * told either; one that is still running comes in a later batch.
 *
 * `roots` may be a function of the database, so that roots come and go. While it fails, the roots known stay, and each failure is reported to
 * `onUnhandledError`. Completes when the database is closed. Errors with `InvalidKeyError` where a root cannot be a key.
 *
 * @throws `InvalidDefinitionError` where the view, the roots or an option is none
 *
 * ```ts
 * liveReload(db, (q) => q.keys(file).map((path) => root(page, path)), { window: 50 })
 *   .subscribe((batch) => send(batch.map(({ root: { args }, kind }) => [args[0], kind])))
 * ```
 */
export function liveReload(view: View, roots: Roots, options: WindowOptions = {}): Observable<readonly RootChange[]> {
  check('What liveReload watches', view, aView)
  const newWindow = windows(options)
  const fixed = typeof roots === 'function' ? [] : listed(roots)
  const rootsOf: (q: Query) => Iterable<Root> | Promise<Iterable<Root>> = typeof roots === 'function' ? roots : () => fixed
  const lists = view.live((q) => {
    const found = rootsOf(q)
    return found instanceof Object && 'then' in found ? found.then(listed) : listed(found)
  })
  return lists.pipe(tap({ error: (error) => report(lists, error) }), retryOnRevision(view), operator<readonly Root[], readonly RootChange[]>((subscriber) => {
    const following = new Following(view, newWindow, (batch) => subscriber.next(batch))
    subscriber.add(following.subscription)
    return { next: (list) => following.follow(list) }
  }))
}

/** A root that is being watched. */
interface Followed {
  readonly root: Root
  readonly watching: Subscription
  /** What it showed when it was told last; null until it shows something. */
  told: Ended | null
  now: Ended | null
}

class Following {
  readonly subscription: Subscription = new Subscription()
  private readonly view: View
  private readonly window: Window
  /** By query, then by the text of the arguments; one text may stand for several lists of arguments. */
  private known = new Map<Root['query'], Map<string, Followed[]>>()
  /** Those that differ from what was told. */
  private readonly due = new Set<Followed>()

  constructor(view: View, newWindow: ReturnType<typeof windows>, tell: (batch: readonly RootChange[]) => void) {
    this.view = view
    this.window = newWindow(() => {
      const batch = [...this.due].map(changeOf)
      this.due.clear()
      if (batch.length > 0) tell(batch)
    })
    this.subscription.add(() => this.window.cancel())
  }

  /** Follows these roots, and no others. */
  follow(roots: readonly Root[]): void {
    const before = this.known
    this.known = new Map()
    for (const one of roots) {
      if (find(this.known, one) !== undefined) continue
      const known = find(before, one)
      put(this.known, known ?? this.watch(one))
    }
    for (const followed of all(before)) if (find(this.known, followed.root) !== followed) this.leave(followed)
  }

  private watch(one: Root): Followed {
    const followed: Followed = { root: one, watching: new Subscription(), told: null, now: null }
    this.subscription.add(followed.watching)
    const query = one.query as Derived<Args, unknown>
    followed.watching.add(this.view.watch(query, ...one.args).subscribe((state) => this.take(followed, state)))
    return followed
  }

  private leave(followed: Followed): void {
    followed.watching.unsubscribe()
    this.subscription.remove(followed.watching)
    this.due.delete(followed)
  }

  private take(followed: Followed, state: QueryState<unknown>): void {
    if (state.status !== 'ready' && state.status !== 'failed') return
    followed.now = state
    followed.told ??= state
    if (isSame(followed.told, state)) this.due.delete(followed)
    else {
      this.due.add(followed)
      this.window.open()
    }
  }
}

function changeOf(followed: Followed): RootChange {
  const before = followed.told as Ended
  const state = followed.now as Ended
  followed.told = state
  return { root: followed.root, kind: state.status === 'failed' ? 'failed' : before.status === 'failed' ? 'healed' : 'changed', state }
}

/** Equal values of a query keep their reference. */
function isSame(a: Ended, b: Ended): boolean {
  if (a.status === 'ready') return b.status === 'ready' && Object.is(a.value, b.value)
  return b.status === 'failed' && defaultEquals(a.error, b.error)
}

type Table = Map<Root['query'], Map<string, Followed[]>>

function find(table: Table, { query, args }: Root): Followed | undefined {
  return table.get(query)?.get(textOf(args))?.find(({ root: known }) => defaultEquals(known.args, args))
}

function put(table: Table, followed: Followed): void {
  const { query, args } = followed.root
  const byText = table.get(query) ?? new Map<string, Followed[]>()
  table.set(query, byText)
  byText.set(textOf(args), [...(byText.get(textOf(args)) ?? []), followed])
}

function all(table: Table): Followed[] {
  return [...table.values()].flatMap((byText) => [...byText.values()].flat())
}

/** Equal arguments have equal texts. */
function textOf(args: Args): string {
  return args.map((arg) => (typeof arg === 'object' && arg !== null ? 'object' : `${typeof arg} ${String(arg)}`)).join('\n')
}
