/** Runs as spans of OpenTelemetry. */
import { aView, check, hasMethods } from '../core/check.js'
import type { RuntimeEvent, View } from '../index.js'

/** What is used of a span. */
export interface SpanLike {
  setAttribute(name: string, value: string | number | boolean): unknown
  setStatus(status: { code: number; message?: string }): unknown
  recordException(error: { name: string; message: string }, time?: number): void
  end(time?: number): void
}

/** What is used of the package `@opentelemetry/api`. */
export interface OpenTelemetryApi<Span extends SpanLike, Context> {
  readonly trace: {
    getTracer(name: string): { startSpan(name: string, options: { startTime: number; attributes: Record<string, string | number | boolean> }, context: Context): Span }
    setSpan(context: Context, span: Span): Context
  }
  readonly context: { active(): Context }
  readonly SpanStatusCode: { readonly ERROR: number }
}

function isApi(value: unknown): boolean {
  const { trace, context } = Object(value) as { readonly trace?: unknown; readonly context?: unknown }
  return hasMethods(Object(trace) as object, ['getTracer', 'setSpan']) && hasMethods(Object(context) as object, ['active'])
}

/**
 * Makes a span of each run, inside that of the run that asked for it, until the result is disposed. Spans carry the query, its cause, the revision and
 * how the run ended.
 *
 * @throws `InvalidDefinitionError` where the view or the API is none
 *
 * ```ts
 * import * as api from '@opentelemetry/api'
 * using spans = traceSpans(db, api)
 * ```
 */
export function traceSpans<Span extends SpanLike, Context>(view: View, api: OpenTelemetryApi<Span, Context>): Disposable {
  check('What is traced', view, aView)
  check('The API of OpenTelemetry', api, [isApi, 'what @opentelemetry/api exports'])
  const tracer = api.trace.getTracer('pebre')
  const open = new Map<number, Span>()
  const start = ({ run, parent, id, definition, cause, revision, time }: RuntimeEvent<'queryStarted'>): void => {
    const above = open.get(parent)
    const context = above === undefined ? api.context.active() : api.trace.setSpan(api.context.active(), above)
    const attributes = { 'pebre.query': id, 'pebre.cause': cause, 'pebre.revision': revision, 'pebre.run': run }
    open.set(run, tracer.startSpan(definition, { startTime: time, attributes }, context))
  }
  const end = (event: RuntimeEvent<'queryComputed' | 'queryFailed' | 'queryCancelled'>): void => {
    const span = open.get(event.run)
    if (span === undefined) return
    open.delete(event.run)
    span.setAttribute('pebre.outcome', event.type === 'queryComputed' ? (event.cutoff ? 'cutoff' : 'changed') : event.type === 'queryFailed' ? 'failed' : 'cancelled')
    if (event.type === 'queryFailed') {
      span.recordException(event.error, event.time)
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: event.error.message })
    }
    span.end(event.time)
  }
  // What is still on its way ends unheard.
  const endAll = (): void => {
    for (const span of open.values()) span.end()
    open.clear()
  }
  const subscription = view.events('run').subscribe({
    next(event) {
      if (event.type === 'queryStarted') start(event)
      else if (event.type === 'queryComputed' || event.type === 'queryFailed' || event.type === 'queryCancelled') end(event)
    },
    complete: endAll,
  })
  return {
    [Symbol.dispose]() {
      subscription.unsubscribe()
      endAll()
    },
  }
}
