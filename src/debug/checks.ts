/** Mistakes that show late, or nowhere. For development: in production nothing is checked, and nothing is done. */
import { aFunction, aListOf, checkOptions, oneOf } from '../core/check.js'
import { type DebugRecord, debugView, isProduction, type RuntimeEvent, type View } from '../index.js'
import { persistProblem } from './persistable.js'

/**
 * `mutation`: a query tried to change a value it was given. `late read`: a read through a `q` whose evaluation had ended.
 * `not persistable`: a value that no file can hold. `equality`: a value that its definition's `equals` does not find equal to itself.
 */
export type CheckKind = 'mutation' | 'late read' | 'not persistable' | 'equality'

export interface CheckReport {
  readonly kind: CheckKind
  readonly definition: string
  readonly id: string
  readonly message: string
}

export interface CheckOptions {
  /** Told of each mistake, once for each kind and definition. Default: `console.warn`. */
  readonly report?: (report: CheckReport) => void
  /** Which checks to make. Default: all. */
  readonly checks?: readonly CheckKind[]
}

const all: readonly CheckKind[] = ['mutation', 'late read', 'not persistable', 'equality']

/**
 * Checks what a view does from now on, until the result is disposed. Results of queries are frozen like values of inputs (plain objects and
 * arrays), so that changing one throws where it happens. Does nothing where `NODE_ENV` is `production`.
 *
 * @throws `InvalidDefinitionError` where the view or an option is none
 *
 * ```ts
 * using checks = developmentChecks(db)
 * ```
 */
export function developmentChecks(view: View, options: CheckOptions = {}): Disposable {
  checkOptions('', options, { report: aFunction, checks: aListOf((one) => (all as readonly unknown[]).includes(one), oneOf(...all)[1]) })
  const { report = warn, checks = all } = options
  if (isProduction()) return { [Symbol.dispose]: () => {} }
  const wanted = new Set(checks)
  const told = new Set<string>()
  const tell = (kind: CheckKind, definition: string, id: string, message: string): void => {
    const key = `${kind} ${definition}`
    if (!wanted.has(kind) || told.has(key)) return
    told.add(key)
    report({ kind, definition, id, message })
  }
  const door = debugView(view)
  // At once: the value may be handed on before anybody is told.
  const endFreezing = door.tap(wanted.has('mutation') ? ['change'] : [], (event) => {
    if (event.type !== 'queryChanged') return
    const outcome = door.look().findNamed(event.definition, event.args)?.outcome
    if (outcome != null && 'value' in outcome) door.freeze(outcome.value)
  })
  const subscription = view.events('input', 'run', 'change').subscribe((event) => {
    if (event.type === 'queryFailed') checkFailure(event, tell)
    if (event.type !== 'inputSet' && event.type !== 'queryChanged') return
    const record = door.look().findNamed(event.definition, event.args)
    if (record?.outcome == null || !('value' in record.outcome)) return
    checkValue(record, record.outcome.value, tell)
  })
  const endMisuse = door.onMisuse((error) => {
    const id = (error as { readonly query?: string }).query ?? ''
    tell('late read', id.slice(0, Math.max(id.indexOf('('), 0)), id, error.message)
  })
  return {
    [Symbol.dispose]() {
      subscription.unsubscribe()
      endFreezing()
      endMisuse()
    },
  }
}

type Tell = (kind: CheckKind, definition: string, id: string, message: string) => void

function checkValue({ definition, id, source }: DebugRecord, value: unknown, tell: Tell): void {
  const problem = (source.options as { readonly persist?: boolean }).persist === false ? null : persistProblem(value)
  if (problem !== null) tell('not persistable', definition, id, `${id}: ${problem.path} cannot be stored: ${problem.reason}.`)
  const { equals } = source.options as { readonly equals?: ((a: unknown, b: unknown) => boolean) | false }
  if (typeof equals !== 'function') return
  let isReflexive = false
  try {
    isReflexive = equals(value, value)
  } catch {
    // Told by the engine, as an EqualityError, when it matters.
    return
  }
  if (!isReflexive) tell('equality', definition, id, `${id}: its equals does not find the value equal to itself, so that every run counts as a change.`)
}

/** What engines say where something frozen is written to. */
const writes = /read.?only|not extensible|Cannot delete property|frozen/i

function checkFailure({ definition, id, error }: RuntimeEvent<'queryFailed'>, tell: Tell): void {
  if (error.name !== 'TypeError' || !writes.test(error.message)) return
  tell('mutation', definition, id, `${id} tried to change a value that others share: ${error.message}. Copy it first.`)
}

function warn({ message }: CheckReport): void {
  // oxlint-disable-next-line no-console -- where warnings of development go
  console.warn(`pebre: ${message}`)
}
