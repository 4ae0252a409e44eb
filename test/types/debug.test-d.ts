/** Debug tools take queries with their own arguments. */
import { describe, expectTypeOf, it } from 'vitest'
import * as openTelemetry from '@opentelemetry/api'
import { createDatabase, derived, input, interned, source } from '../../src/index.js'
import { checkDeterminism, DependencyGraph, type ExplainedRun, explain, explainRuns, type GraphNode, traceSpans } from '../../src/debug/index.js'
import { inspect } from '../../src/inspector/index.js'
import { type Observable, of } from 'rxjs'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string, scale?: number) => (q.get(file, path)?.length ?? 0) * (scale ?? 1))
const disk = source('disk', (path: string) => of(path.length))
const symbol = interned<string>('symbol')
const db = createDatabase()

describe('debug', () => {
  it('explains inputs, queries and sources, with their arguments', () => {
    explain(db, size, 'a')
    explain(db.snapshot(), file, 'a')
    explain(db, disk, 'a')
    // @ts-expect-error -- a number is no path
    explain(db, disk, 1)
    // @ts-expect-error -- the path is missing
    explain(db, size)
    // @ts-expect-error -- a number is no path
    explain(db, file, 1)
    // @ts-expect-error -- interned values are not computed
    explain(db, symbol, 'a')
    // @ts-expect-error -- an input has no body
    void checkDeterminism(db, file, 'a')
    void checkDeterminism(db, size, 'a', 2)
  })

  it('operators, graphs and bridges are typed', () => {
    expectTypeOf(db.events$.pipe(explainRuns())).toEqualTypeOf<Observable<ExplainedRun>>()
    expectTypeOf(DependencyGraph.from(db).node(size, 'a')).toEqualTypeOf<GraphNode | undefined>()
    traceSpans(db, openTelemetry)
    // @ts-expect-error -- not the package
    traceSpans(db, {})
    // @ts-expect-error -- a port is a number
    void inspect(db, { port: '80' })
  })
})
