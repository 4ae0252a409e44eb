/** What the operators infer, and what does not compile. */
import type { Map as ImmutableMap } from 'immutable'
import { pino } from 'pino'
import { combineLatest, type Observable, of } from 'rxjs'
import { describe, expectTypeOf, it } from 'vitest'
import { createDatabase, derived, input, type QueryState, type Revision, type RuntimeEvent } from '../../src/index.js'
import {
  batchRevisions, changes, during, history, liveQuery, liveReload, logTo, type MapDifference, ofDefinition, ofType, type RecordEvent, retryOnRevision, type RevisionRange, root,
  type RootChange, settled, toInput, toInputs, trace, values,
} from '../../src/operators/index.js'

const db = createDatabase()
const file = input<[path: string], string>('file')
const config = input<[], number>('config', { initial: 1 })
const words = derived('words', async (_q, path: string) => path.length)
const sum = derived('sum', (_q, a: number, b: number) => a + b)

describe('states', () => {
  it('liveQuery takes keys, and gives states of what is awaited', () => {
    expectTypeOf(of('a').pipe(liveQuery(db, words))).toEqualTypeOf<Observable<QueryState<number>>>()
    expectTypeOf(of(['a'] as const).pipe(liveQuery(db, words), values())).toEqualTypeOf<Observable<number>>()
    expectTypeOf(of([1, 2] as const).pipe(liveQuery(db, sum))).toEqualTypeOf<Observable<QueryState<number>>>()
    // @ts-expect-error a number is no path
    of(1).pipe(liveQuery(db, words))
    // @ts-expect-error one argument of two
    of(1).pipe(liveQuery(db, sum))
    // @ts-expect-error an input is no query
    of('a').pipe(liveQuery(db, file))
  })

  it('settled keeps the form of what it is given', () => {
    expectTypeOf(combineLatest([db.watch(words, 'a'), db.watch(sum, 1, 2)]).pipe(settled())).toEqualTypeOf<Observable<[QueryState<number>, QueryState<number>]>>()
    expectTypeOf(db.watch(sum, 1, 2).pipe(settled())).toEqualTypeOf<Observable<QueryState<number>>>()
    // @ts-expect-error values are no states
    db.observe(sum, 1, 2).pipe(settled())
  })

  it('retryOnRevision and trace change no type', () => {
    expectTypeOf(db.observe(sum, 1, 2).pipe(retryOnRevision(db), trace('sum'))).toEqualTypeOf<Observable<number>>()
  })
})

describe('writes', () => {
  it('toInput takes values of the input, and arguments where it has some', () => {
    expectTypeOf(of('text').pipe(toInput(db, file, (text) => [text]))).toEqualTypeOf<Observable<Revision>>()
    of(1).pipe(toInput(db, config))
    // @ts-expect-error a path is missing
    of('text').pipe(toInput(db, file))
    // @ts-expect-error a path is no number
    of('text').pipe(toInput(db, file, (text) => [text.length]))
    // @ts-expect-error a string is no value of config
    of('text').pipe(toInput(db, config))
  })

  it('toInputs writes through a typed batch', () => {
    expectTypeOf(of('a').pipe(toInputs(db, (tx, path) => tx.set(file, path, path)))).toEqualTypeOf<Observable<Revision>>()
    // @ts-expect-error a number is no text
    of('a').pipe(toInputs(db, (tx, path) => tx.set(file, path, 1)))
  })
})

describe('events', () => {
  it('types follow the filter', () => {
    expectTypeOf(db.events$.pipe(ofType('inputSet'))).toEqualTypeOf<Observable<RuntimeEvent<'inputSet'>>>()
    expectTypeOf(db.events$.pipe(ofDefinition(file, words))).toEqualTypeOf<Observable<RecordEvent>>()
    expectTypeOf<RecordEvent['id']>().toEqualTypeOf<string>()
    expectTypeOf(db.events$.pipe(ofType('inputSet'), during(3))).toEqualTypeOf<Observable<RuntimeEvent<'inputSet'>>>()
    // @ts-expect-error no such type
    db.events$.pipe(ofType('inputSat'))
  })

  it('logTo takes console and pino', () => {
    expectTypeOf(db.events$.pipe(logTo(console, { levels: { queryHit: 'silent' } }))).toEqualTypeOf<Observable<RuntimeEvent>>()
    db.events$.pipe(ofType('inputSet'), logTo(pino()))
    // @ts-expect-error no logger
    db.events$.pipe(logTo({ log() {} }))
    // @ts-expect-error no such type of event
    db.events$.pipe(logTo(console, { levels: { nothing: 'debug' } }))
  })
})

describe('the rest', () => {
  it('maps and revisions', () => {
    expectTypeOf(db.live((q) => q.entries(file)).pipe(changes())).toEqualTypeOf<Observable<MapDifference<string, string>>>()
    expectTypeOf(of<ImmutableMap<string, number>>().pipe(changes())).toEqualTypeOf<Observable<MapDifference<string, number>>>()
    expectTypeOf(db.revision$.pipe(batchRevisions(5))).toEqualTypeOf<Observable<RevisionRange>>()
  })

  it('liveReload and history', () => {
    expectTypeOf(liveReload(db, [root(words, 'a'), root(sum, 1, 2)])).toEqualTypeOf<Observable<readonly RootChange[]>>()
    liveReload(db, (q) => q.keys(file).map((path) => root(words, path)))
    // @ts-expect-error a number is no path
    root(words, 1)
    // @ts-expect-error an input is no root
    root(file, 'a')
    expectTypeOf(history(db, { limit: 3 }).undo()).toEqualTypeOf<boolean>()
  })
})
