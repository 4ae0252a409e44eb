/** Operations that subscribe. */
import type { QueryState } from '../../src/index.js'
import { cellId, type Outcome, type State } from './naive.js'
import type { Operation } from './operations.js'
import { SubscriptionModel } from './subscription.js'
import type { ViewModel } from './views.js'
import type { World } from './world.js'

type Watching = Operation & { readonly op: 'watch' | 'observe' | 'live' }

/** Subscribes to a query, or to an expression. */
export function watch(world: World, view: ViewModel, operation: Watching): void {
  const { policy } = world.program.traits
  if (operation.op === 'live') {
    const options = policy === undefined ? {} : { policy }
    const { waits, expr } = operation
    const { compiled } = world
    const subscription = add(world, view, operation, !waits, (state) => view.outcomeOf(state, expr))
    const values = waits ? view.view.live((q) => compiled.async(q, expr), options) : view.view.live((q): number => compiled.sync(q, expr), options)
    hearValues(world, subscription, values)
    return
  }
  const { definition, kind, query, arg, args } = world.target(operation.query, operation.arg)
  const reader = policy === undefined ? view.view : view.view.with({ policy })
  const subscription = add(world, view, operation, kind === 'sync', (state) => view.cell(state, query, arg).outcome, cellId(query, arg))
  if (operation.op === 'observe') {
    hearValues(world, subscription, reader.observe(definition, ...args))
    return
  }
  const handle = reader.watch(definition, ...args).subscribe({
    next: (state: QueryState<unknown>) => {
      subscription.state(state)
      world.throwAsSubscriber()
    },
    error: (error: unknown) => world.faults.push(`emission: ${subscription.name} errored with ${String(error)}`),
  })
  subscription.follow(() => handle.unsubscribe())
}

interface Values {
  subscribe(observer: { readonly next: (value: unknown) => void; readonly error: (error: unknown) => void }): { unsubscribe(): void }
}

function hearValues(world: World, subscription: SubscriptionModel, values: Values): void {
  const handle = values.subscribe({
    next: (value) => {
      subscription.value(value as Outcome)
      world.throwAsSubscriber()
    },
    error: (error) => {
      subscription.error(error)
      world.throwAsSubscriber()
    },
  })
  subscription.follow(() => handle.unsubscribe())
}

function add(world: World, view: ViewModel, { op, reaction, after }: Watching, sync: boolean, expected: (state: State) => Outcome, of = ''): SubscriptionModel {
  const subscription = new SubscriptionModel(world.name(`${op} ${of}`, view), view, sync, world.program.traits.policy === 'every', world.mayRepeat, expected)
  world.subscriptions.push(subscription)
  if (reaction !== null) {
    subscription.answer(after, () => {
      if (!world.closed && subscription.open) world.react(reaction)
    })
  }
  return subscription
}

export function unsubscribe(world: World, nth: number): void {
  const open = world.subscriptions.filter((at) => at.open)
  world.runs.inexact ||= world.jobs > 0
  open[nth % Math.max(1, open.length)]?.close()
}

/** Every revision is told once, in order. */
export function countRevisions(world: World, { view, name }: ViewModel): void {
  let last = view.revision - 1
  view.revision$.subscribe((revision) => {
    if (revision !== ++last) world.faults.push(`revision: ${name} told ${revision} after ${last - 1}`)
    world.throwAsSubscriber()
  })
}

/** Every run that starts ends once. */
export function listen(world: World): void {
  const started = new Set<number>()
  world.db.events('run', 'hit', 'join', 'validation').subscribe((event) => {
    if (event.type === 'queryStarted') started.add(event.run)
    else if ('run' in event && !started.delete(event.run)) world.faults.push(`events: run ${event.run} of ${event.id} ended and had not started, or ended twice`)
    world.throwAsSubscriber()
  })
}
