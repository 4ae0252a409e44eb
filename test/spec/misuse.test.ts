/** Calls that no types would let through: each is refused where it stands, says what is wrong, and leaves everything as it was. */
import { NEVER as never$, skip } from 'rxjs'
import { describe, expect, it } from 'vitest'
import {
  accumulator, BatchError, createDatabase, type Database, derived, diff, ForeignViewError, frameScheduler, input, interned, InvalidDefinitionError, InvalidKeyError, keyText, type PebreError, source, type View,
} from '../../src/index.js'
import * as debug from 'pebre/debug'
import * as operators from 'pebre/operators'
import { IndexedDbPort, loadCache, MemoryPort, openDatabase, saveCache } from 'pebre/persist'
import { FilePort } from 'pebre/persist/node'
import { FakeClock, flush, forSeeds, random, record } from 'pebre/testing'

type Thrown = abstract new (...args: never) => PebreError
type Case = readonly [call: () => unknown, message: string, type?: Thrown]

const file = input<[path: string], string>('file')
const count = input<[], number>('count', { initial: 0 })
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const slow = derived('slow', async (q) => q.get(count))
const feed = source('feed', () => never$)
const symbol = interned<string>('symbol')
const notes = accumulator<string>('notes')
const all = { definitions: [file, count, size, slow, feed, symbol, notes] }

/** For what the types refuse. */
const bad = (value: unknown): never => value as never
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What a call throws, or the promise that it gives rejects with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

async function expectRefused(cases: readonly Case[]): Promise<void> {
  for (const [call, message, type = InvalidDefinitionError] of cases) {
    const error = await failureOf(call)
    const shown = String(call)
    expect.soft(error, shown).toBeInstanceOf(type)
    expect.soft(error instanceof Error && error.message.startsWith(message) ? message : error, shown).toBe(message)
  }
}

/** A database that was used, and notes what should not come about. */
class Used {
  readonly reported: unknown[] = []
  readonly told: unknown[] = []
  readonly db: Database = createDatabase({ ...all, onUnhandledError: (error) => this.reported.push(error) })
  private readonly before: unknown

  constructor() {
    const { db } = this
    db.set(file, 'a', 'A')
    db.get(size, 'a')
    db.get(count)
    db.revision$.pipe(skip(1)).subscribe((revision) => this.told.push(revision))
    this.before = this.state()
  }

  private state(): unknown {
    const { db } = this
    return [db.revision, db.stats(), db.entries(file).toJS(), db.get(count)]
  }

  async expectUntouched(): Promise<void> {
    await flush()
    // oxlint-disable-next-line vitest/no-standalone-expect -- called by tests
    expect([this.state(), this.told, this.reported]).toEqual([this.before, [], []])
  }
}

/** The same for every kind of call that sees the database or a snapshot of it. */
async function refusedBy(cases: (view: View) => readonly Case[]): Promise<void> {
  const used = new Used()
  await expectRefused(cases(used.db))
  await used.expectUntouched()
  const snapshot = used.db.snapshot()
  await expectRefused(cases(snapshot))
  expect([snapshot.revision, snapshot.entries(file).toJS()]).toEqual([1, { a: 'A' }])
  snapshot.dispose()
}

describe('misuse', () => {
  it('[DER-14] definitions: names, bodies and options', async () => {
    await expectRefused([
      ...[5, null, undefined, '', Symbol('s'), {}].flatMap((name): Case[] => [() => input(bad(name)), () => derived(bad(name), () => 1), () => source(bad(name), () => []), () => interned(bad(name)), () => accumulator(bad(name))].map((call) => [call, "A definition's name must be a string that is not empty, and it is "])),
      [() => derived('x', bad(5)), 'x: the body must be a function of q and the arguments, and it is 5.'],
      [() => source('x', bad(null)), "x: a source's second argument must be a function from the arguments to an Observable, and it is null."],
      ...[null, 5, 'x', [], () => 1].flatMap((options): Case[] => [() => input('x', bad(options)), () => derived('x', () => 1, bad(options)), () => source('x', () => [], bad(options))].map((call) => [call, 'x: options must be an object, and it is '])),
      [() => input('x', bad({ required: 1 })), 'x: required must be true or false, and it is 1.'],
      [() => input('x', bad({ durability: 'hi' })), `x: durability must be 'low', 'medium', 'high' or 'never', and it is "hi".`],
      [() => input('x', bad({ equals: true })), 'x: equals must be a function of two values, or false, and it is true.'],
      [() => derived('x', () => 1, bad({ persist: 0 })), 'x: persist must be true or false, and it is 0.'],
      [() => derived('x', () => 1, bad({ errors: 'never' })), `x: errors must be 'revision' or 'dependencies', and it is "never".`],
      [() => derived('x', () => 1, bad({ lru: null })), 'x: lru must be a number that is not negative, and it is null.'],
      [() => derived('x', () => 1, bad({ cycle: null })), 'x: cycle must be an object with an initial value or a fallback, and it is null.'],
      [() => derived('x', () => 1, bad({ cycle: { initial: 0, limit: 'ten' } })), `x: cycle.limit must be a number that is not negative, and it is "ten".`],
      [() => derived('x', async () => 1, bad({ retry: null })), 'x: retry must be an object, and it is null.'],
      [() => derived('x', async () => 1, bad({ retry: {} })), 'x: retry.times must be a whole number that is not negative, and it is undefined.'],
      [() => derived('x', async () => 1, bad({ retry: { times: 1, delay: '5' } })), `x: retry.delay must be a number of milliseconds, or a function that gives one, and it is "5".`],
      [() => derived('x', async () => 1, bad({ timeout: 0 })), 'x: timeout must be a number of milliseconds above 0, and it is 0.'],
      [() => source('x', () => [], bad({ grace: -1 })), 'x: grace must be a number of milliseconds that is not negative, and it is -1.'],
      [() => source('x', () => [], bad({ retry: 5 })), 'x: retry must be an object, and it is 5.'],
    ])
    expect([input('x', bad({ unknown: 1 })).kind, derived('x', () => 1, bad({ equals: undefined })).kind]).toEqual(['input', 'derived'])
  })

  it('[DER-14 IN-8] databases: options, limits, and definitions that are none', async () => {
    await expectRefused([
      ...[null, 5, 'x', [file], () => 1].map((options): Case => [() => createDatabase(bad(options)), 'options must be an object, and it is ']),
      ...[null, 5, 'file', {}, new Set([file])].map((definitions): Case => [() => createDatabase(bad({ definitions })), 'definitions must be a list of definitions, and it is ']),
      ...[5, null, {}, { kind: 'input' }, { kind: 'input', name: 'x' }, { kind: 'derived', name: 'x', options: {} }].map((one): Case => [() => createDatabase(bad({ definitions: [one] })), 'The first argument must be a definition']),
      [() => createDatabase(bad({ definitions: [{ kind: 'interned' }] })), 'A definition needs a name'],
      [() => createDatabase(bad({ limits: null })), 'limits must be an object, and it is null.'],
      ...['nestedCommits', 'stateBytes', 'cells'].flatMap((name) => [null, '5', -1, NaN].map((value): Case => [() => createDatabase(bad({ limits: { [name]: value } })), `limits.${name} must be a number that is not negative, and it is `])),
      [() => createDatabase(bad({ freeze: 'yes' })), `freeze must be true or false, and it is "yes".`],
      [() => createDatabase(bad({ clock: { now: () => 0 } })), 'clock must be an object with now, setTimeout and clearTimeout, and it is '],
      [() => createDatabase(bad({ onUnhandledError: 5 })), 'onUnhandledError must be a function, and it is 5.'],
      [() => createDatabase(bad({ onNotice: null })), 'onNotice must be a function, and it is null.'],
      [() => frameScheduler(bad({})), 'A source of frames must be an object with requestAnimationFrame and cancelAnimationFrame, and it is {}.'],
      [() => keyText(bad(null)), 'The first argument of keyText must be a definition, and it is null.'],
    ])
  })

  it('[DER-14 IN-14] reads of what is no definition, outside and inside of bodies', async () => {
    await refusedBy((view) => [null, undefined, 5, 'file', {}, () => 1, { kind: 'input', name: 'x' }].flatMap((one): Case[] => {
      const first = 'The first argument must be a definition'
      const calls = [() => view.get(bad(one)), () => view.has(bad(one)), () => view.keys(bad(one)), () => view.entries(bad(one)), () => view.watch(bad(one)), () => view.observe(bad(one)), () => view.node(bad(one)), () => view.touch(bad(one)), () => view.prefetch(bad(one)), () => view.intern(bad(one), bad(1)), () => view.lookup(bad(one), bad(1)), () => view.accumulated(bad(one), size, 'a'), () => view.set(bad(one), bad(1)), () => view.bind(bad(one), bad(never$))]
      return calls.map((call) => [call, first])
    }))
    const { db } = new Used()
    for (const view of [db, db.snapshot()]) {
      await expectRefused([null, undefined, 5, 'file', {}, () => 1, { kind: 'input', name: 'x' }].flatMap((one): Case[] => {
        const inside = [() => view.read((q) => q.get(bad(one))), () => view.read((q) => q.peek(bad(one))), () => view.read((q) => q.has(bad(one))), () => view.read((q) => q.keys(bad(one))), () => view.read((q) => q.entries(bad(one))), () => view.read((q) => q.emit(bad(one), bad(1)))]
        return inside.map((call) => [call, 'The first argument must be a definition'])
      }))
    }
    expect(db.revision).toBe(1)
  })

  it('[LIVE-12 LIVE-13 LIVE-8 EVT-1] live queries, effects, loops and events: at the call, not when it is too late', async () => {
    await refusedBy((view) => [
      ...[5, null, undefined, {}].flatMap((body): Case[] => [
        [() => view.live(bad(body)), 'The body of a live query must be a function of q and the arguments, and it is '],
        [() => view.effect(bad(body)), 'The body of an effect must be a function of q and the arguments, and it is '],
        [() => view.read(bad(body)), 'read: the body must be a function of q and the arguments, and it is '],
      ]),
      ...[null, 5, 'every'].flatMap((options): Case[] => [() => view.live(() => 1, bad(options)), () => view.effect(() => {}, bad(options)), () => view.revision$.iterate(bad(options))].map((call) => [call, 'options must be an object, and it is '])),
      [() => view.live(() => 1, bad({ policy: 'all' })), `policy must be 'latest', 'restart' or 'every', and it is "all".`],
      [() => view.live(() => 1, bad({ restarts: '3' })), `restarts must be a whole number that is not negative, and it is "3".`],
      [() => view.live(() => 1, bad({ policy: 'every', onDropped: 5 })), 'onDropped must be a function, and it is 5.'],
      [() => view.effect(() => {}, bad({ scheduler: 5 })), 'scheduler must be an object with schedule, and it is 5.'],
      [() => view.revision$.iterate(bad({ buffer: '2' })), `buffer must be a whole number that is at least 1, and it is "2".`],
      [() => view.revision$.iterate(bad({ onDropped: 1 })), 'onDropped must be a function, and it is 1.'],
      ...['nonsense', 'runs', '', null, 5].map((category): Case => [() => view.events('run', bad(category)), "A category of events must be 'revision', 'input', "]),
      ...[null, 5, undefined].map((options): Case => [() => view.with(bad(options)), 'with: options must be an object, and it is ']),
      ...[null, 5, {}, new AbortController()].map((signal): Case => [() => view.with(bad({ signal })), 'with: signal must be an AbortSignal, and it is ']),
      [() => view.with(bad({ signal: new AbortController().signal, policy: 'every' })), 'with: takes a signal, for gets, or a policy, for live queries, and not both.'],
    ])
  })

  it('[BAT-4 IN-11 IN-13 IN-9] writes: callbacks and entries that are none', async () => {
    const entries: readonly (readonly [entries: unknown, message: string])[] = [
      ...[5, null, undefined, {}, 'ab'].map((given) => [given, 'replaceAll of file needs its entries as a list, a Map or something else that gives [key, value], and got '] as const),
      ...[5, null, 'ab', [], ['b'], ['b', 'B', 1], { 0: 'b', 1: 'B' }].map((entry) => [[entry, ['b', 'B']], 'replaceAll of file needs [key, value] as each entry, and got '] as const),
    ]
    await refusedBy((view) => [
      ...[5, null, undefined, {}].map((callback): Case => [() => view.batch(bad(callback)), 'A batch needs a function that makes its writes, and got ', BatchError]),
      [() => view.update(count, bad(5)), 'update of count needs a function', BatchError],
      ...entries.flatMap(([given, message]): Case[] => [() => view.replaceAll(file, bad(given)), () => view.batch((tx) => tx.replaceAll(file, bad(given)))].map((call) => [call, message, BatchError])),
      ...[5, null, {}, () => 1, Symbol('s'), revoked()].map((given): Case => [() => view.bind(count, bad(given)), 'What bind follows must be an Observable, or something else that RxJS can follow, and it is ']),
    ])
    const used = new Used()
    const { db } = used
    await expectRefused([
      [() => db.replaceAll(file, [[bad(revoked()), 'B']]), 'file: args[0] cannot be part of a key: ', InvalidKeyError],
      [() => db.replaceAll(file, [bad(revoked())]), 'replaceAll of file needs [key, value] as each entry, and got ', BatchError],
    ])
    // What the caller's own code throws comes back as it is.
    const own = new TypeError('own')
    const failing = function* (): Generator<readonly [string, string]> {
      yield ['b', 'B']
      throw own
    }
    expect(await failureOf(() => db.replaceAll(file, failing()))).toBe(own)
    const hostile = new Proxy({}, { get() { throw new RangeError('own') } })
    expect(await failureOf(() => db.bind(count, bad(hostile)))).toMatchObject({ message: 'own' })
    // A refusal that is caught in a batch leaves nothing of its write.
    const half = [['b', 'B'], 'c']
    expect(db.batch((tx) => { for (const given of [half, failing(), ...entries.map(([one]) => one)]) expect(() => tx.replaceAll(file, bad(given))).toThrow(/own|needs/) })).toBe(1)
    expect([db.revision, db.keys(file)]).toEqual([1, ['a']])
  })

  it('[SRC-4] a source whose function gives no Observable fails with a typed error', async () => {
    const db = createDatabase()
    const wrong = source('wrong', () => bad(5))
    await expectRefused([[() => db.get(wrong), 'What the function of wrong gives must be an Observable, or something else that RxJS can follow, and it is 5.']])
  })

  it('[SNAP-8 SNAP-10 SNAP-11] what is no view, and no resolution', async () => {
    const used = new Used()
    const { db } = used
    const view = db.snapshot()
    await expectRefused([
      ...[null, undefined, 5, {}].flatMap((other): Case[] => [() => db.restore(bad(other)), () => db.promote(bad(other)), () => diff(db, bad(other), file), () => diff(bad(other), db, file)].map((call) => [call, '', ForeignViewError])),
      ...[null, 5, 'view'].map((options): Case => [() => db.promote(view, bad(options)), 'promote: options must be an object, and it is ']),
      ...[null, 5, 'mine', {}].map((onConflict): Case => [() => db.promote(view, bad({ onConflict })), "promote: onConflict must be a function, or 'view', 'parent' or { value }, and it is "]),
      [() => diff(db, view, bad(5)), 'The first argument must be a definition'],
    ])
    view.dispose()
    await used.expectUntouched()
    const other = db.snapshot()
    other.set(count, 1)
    db.set(count, 2)
    await expectRefused([[() => db.promote(other, { onConflict: () => bad('mine') }), `onConflict must give 'view', 'parent' or { value } for count(), and it gave "mine". Nothing was written.`]])
    expect([db.get(count), other.get(count)]).toEqual([2, 1])
  })

  it('[MEM-1 MEM-3 MEM-5] limits, pins and roots', async () => {
    const used = new Used()
    const { db } = used
    await expectRefused([
      ...[null, '5', -1, NaN].map((limit): Case => [() => db.limit(size, bad(limit)), 'A limit must be a number that is not negative, and it is ']),
      [() => db.limit(bad('cell'), 5), 'The first argument must be a definition'],
      [() => db.limit(bad(file), 5), 'file is an input: this needs a query.'],
      [() => db.pin(bad(file), 'a'), 'file is an input: this needs a query.'],
      [() => db.pin(bad(5)), 'The first argument must be a definition'],
      ...[null, 5, [size]].map((options): Case => [() => db.collect(bad(options)), 'collect: options must be an object, and it is ']),
      ...[null, 5, {}, 'size', [5], [size], [[]], [revoked()]].map((roots): Case => [() => db.collect(bad({ roots })), 'collect: roots must be a list of [query, ...args], and it is ']),
      [() => db.collect(bad({ roots: [[5]] })), 'The first argument must be a definition'],
      [() => db.collect(bad({ roots: [[file, 'a']] })), 'file is an input: this needs a query.'],
    ])
    await used.expectUntouched()
  })

  it('[PER-5 PER-19] cache files: views, places and options', async () => {
    const used = new Used()
    const { db } = used
    const port = new MemoryPort()
    const place = { port, name: 'c' }
    class Point {
      readonly x = 0
    }
    const codec = { name: 'Point', class: Point, encode: () => 0, decode: () => new Point() }
    await expectRefused([
      ...[null, undefined, 5, {}].flatMap((view): Case[] => [
        [() => saveCache(bad(view), place), 'What saveCache saves must be a database, or a snapshot of one, and it is '],
        [() => loadCache(bad(view), place), 'What loadCache fills must be a database, and it is '],
      ]),
      [() => loadCache(bad(db.snapshot()), place), 'What loadCache fills must be a database, and it is '],
      ...[null, 5, 'x', []].flatMap((options): Case[] => [() => saveCache(db, place, bad(options)), () => loadCache(db, place, bad(options))].map((call) => [call, 'options must be an object, and it is '])),
      ...[null, 5, {}, { port: {}, name: 'c' }, { port, name: 5 }].flatMap((given): Case[] => [() => saveCache(db, bad(given)), () => loadCache(db, bad(given))].map((call) => [call, 'The place must be the path of a file, or { port, name }.'])),
      [() => saveCache(db, ''), 'The path of the file is empty.'],
      ...[null, 5, {}, [5], [{}], [{ ...codec, name: '' }], [{ ...codec, class: () => 1 }], [{ ...codec, decode: null }]].flatMap((codecs): Case[] => [() => saveCache(db, place, bad({ codecs })), () => loadCache(db, place, bad({ codecs }))].map((call) => [call, 'codecs must be a list of codecs, each with name, class, encode and decode, and it is '])),
      [() => saveCache(db, place, { codecs: [codec, codec] }), 'Two codecs have one name, or one class.'],
      [() => saveCache(db, place, bad({ prune: 1 })), 'prune must be true or false, and it is 1.'],
      [() => saveCache(db, place, bad({ onUnsupported: 'drop' })), `onUnsupported must be 'error' or 'omit', and it is "drop".`],
      ...[null, 5, file, [5], [null]].map((definitions): Case => [() => loadCache(db, place, bad({ definitions })), 'definitions must be a list of definitions, and it is ']),
      [() => loadCache(db, place, bad({ definitions: [{}] })), 'The first argument must be a definition'],
      [() => new IndexedDbPort(bad(5)), 'The name of an IndexedDbPort must be a string that is not empty, and it is 5.'],
      [() => new IndexedDbPort('x', bad({ indexedDB: {} })), 'indexedDB must be an object with open, and it is {}.'],
      [() => new FilePort(bad(undefined)), 'The folder of a FilePort must be a string that is not empty, and it is undefined.'],
    ])
    expect(await port.list()).toEqual([])
    await used.expectUntouched()
  })

  it('[WAL-11] a database in a folder: before anything is opened', async () => {
    const port = new MemoryPort()
    const asked: string[] = []
    const watched = new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        return typeof method === 'function' ? (...args: unknown[]) => (asked.push(String(name)), Reflect.apply(method, target, args) as unknown) : method
      },
    })
    const open = (options: unknown) => () => openDatabase(watched, bad(options))
    await expectRefused([
      ...[undefined, null, 5, 'x', [file]].map((options): Case => [open(options), 'options must be an object, and it is ']),
      [open({}), 'openDatabase: definitions, all that is written or whose results are kept, must be a list of definitions, and it is undefined.'],
      ...[null, 5, file].map((definitions): Case => [open({ definitions }), 'definitions must be a list of definitions, and it is ']),
      [open({ definitions: [{}] }), 'The first argument must be a definition'],
      [open({ ...all, durable: 'yes' }), `durable must be true or false, and it is "yes".`],
      [open({ ...all, saveOnClose: 0 }), 'saveOnClose must be true or false, and it is 0.'],
      [open({ ...all, recovery: 'none' }), `recovery must be 'recover' or 'strict', and it is "none".`],
      [open({ ...all, compactAt: 0 }), 'compactAt must be a number of bytes above 0, and it is 0.'],
      [open({ ...all, codecs: 5 }), 'codecs must be a list of codecs'],
      [open({ ...all, limits: { cells: 'all' } }), `limits.cells must be a number that is not negative, and it is "all".`],
      [open({ ...all, onUnhandledError: 5 }), 'onUnhandledError must be a function, and it is 5.'],
      ...[null, undefined, 5, {}].map((place): Case => [() => openDatabase(bad(place), all), 'The place must be the path of a folder, or a port.']),
      [() => openDatabase('', all), 'The path of the folder is empty.'],
    ])
    expect([asked, await port.list()]).toEqual([[], []])
    const db = await openDatabase(port, all)
    await expectRefused([
      [() => db.commit(bad(5)), 'A batch needs a function that makes its writes, and got 5.', BatchError],
      [() => db.commit((tx) => tx.set(count, 1), bad(null)), 'commit: options must be an object, and it is null.'],
      [() => db.commit((tx) => tx.set(count, 1), bad({ durable: 1 })), 'commit: durable must be true or false, and it is 1.'],
    ])
    expect([db.revision, db.storage.commits]).toEqual([0, 0])
    await db.close()
  })

  it('[LIVE-10 EVT-1] operators', async () => {
    const used = new Used()
    const { db } = used
    await expectRefused([
      ...[null, undefined, 5, {}].flatMap((view): Case[] => [() => operators.liveQuery(bad(view), size), () => operators.retryOnRevision(bad(view)), () => operators.toInput(bad(view), count), () => operators.toInputs(bad(view), () => {}), () => operators.history(bad(view)), () => operators.liveReload(bad(view), [])].map((call) => [call, '', InvalidDefinitionError])),
      [() => operators.liveQuery(db, bad(file)), 'The query of liveQuery must be a definition made by derived or source, and it is '],
      [() => operators.toInput(db, bad(size)), 'What toInput writes must be a definition made by input, and it is '],
      [() => operators.toInput(db, file, bad(5)), 'The third argument of toInput must be a function from a value to the arguments of its record, and it is 5.'],
      [() => operators.toInputs(db, bad(5)), 'The second argument of toInputs must be a function that writes a value, and it is 5.'],
      [() => operators.toInputs(db, () => {}, bad(null)), 'options must be an object, and it is null.'],
      [() => operators.batchRevisions(1, bad(5)), 'scheduler must be an object with schedule and now, and it is 5.'],
      [() => operators.settled(bad(null)), 'scheduler must be an object with schedule and now, and it is null.'],
      [() => operators.history(db, bad({ limit: '5' })), `limit must be a whole number of steps, and it is "5".`],
      ...[null, 5, [5], [{ query: size }]].map((roots): Case => [() => operators.liveReload(db, bad(roots)), 'roots must be a list of what root gives']),
      [() => operators.root(bad(file)), 'The query of a root must be a definition made by derived or source, and it is '],
      [() => operators.ofType(bad('queryStartd')), "A type of events must be 'revisionBumped', "],
      [() => operators.ofDefinition(bad(null)), 'An argument of ofDefinition must be a definition made by input, derived or source, and it is null.'],
      [() => operators.during(bad('1')), `The revision must be a number, and it is "1".`],
      [() => operators.trace('x', bad({ sink: 5 })), 'trace: sink must be a function, and it is 5.'],
      [() => operators.logTo(bad(null)), 'The logger has no method debug.'],
      [() => operators.logTo(console, bad({ levels: { queryStartd: 'info' } })), "A type of events in levels or every must be 'revisionBumped', "],
      [() => operators.logTo(console, bad(null)), 'logTo: options must be an object, and it is null.'],
    ])
    await used.expectUntouched()
  })

  it('[DBG-3 DBG-5 DBG-8 DBG-9] debug tools, and the tools of tests', async () => {
    const used = new Used()
    const { db } = used
    const graph = debug.DependencyGraph.from(db)
    await expectRefused([
      ...[null, undefined, 5, {}].flatMap((view): Case[] => [
        () => debug.TraceCollector.start(bad(view)), () => debug.DependencyGraph.from(bad(view)), () => debug.CacheStats.collect(bad(view)), () => debug.CacheStats.count(bad(view)), () => debug.waitGraph(bad(view)), () => debug.explain(bad(view), slow), () => debug.developmentChecks(bad(view)),
        () => debug.publishEvents(bad(view), { hasSubscribers: false, publish: () => {} }), () => debug.connectReduxDevTools(bad(view)), () => debug.traceSpans(bad(view), bad({})), () => debug.checkDeterminism(bad(view), slow), () => record(bad(view)),
      ].map((call) => [call, 'W'])),
      [() => debug.TraceCollector.start(db, bad({ capacity: '5' })), `capacity must be a whole number above 0, and it is "5".`],
      [() => debug.TraceCollector.start(db, bad({ categories: ['runs'] })), "A category of events must be 'revision', "],
      [() => debug.developmentChecks(db, bad({ checks: ['late'] })), 'checks must be a list of '],
      [() => debug.checkDeterminism(db, bad(file)), 'What is checked must be a definition made by derived, and it is '],
      [() => debug.explain(db, bad(null)), 'What is explained must be a definition made by input, derived or source, and it is null.'],
      [() => debug.publishEvents(db, bad({})), 'The channel must be an object with publish, and it is {}.'],
      [() => debug.traceSpans(db, bad({})), 'The API of OpenTelemetry must be what @opentelemetry/api exports, and it is {}.'],
      [() => debug.connectReduxDevTools(db, bad({ extension: {} })), 'extension must be an extension with connect, and it is {}.'],
      [() => debug.TraceAnalysis.from(bad(null)), 'The trace must be what a TraceCollector gives, and it is null.'],
      [() => debug.toChromeTrace(bad({})), 'The trace must be what a TraceCollector gives, and it is {}.'],
      [() => debug.formatCycle(bad(new Error('other'))), 'The error must be a CycleError, and it is '],
      [() => graph.node(bad('size')), 'The first argument of node must be a definition made by input, derived or source, and it is '],
      [() => graph.focus(bad(size)), 'What the focus is on must be a node of the graph, and it is '],
      [() => graph.paths(bad(null), bad(null)), 'An end of the paths must be a node of the graph, and it is null.'],
      [() => random(bad('x')), `A seed must be a whole number, and it is "x".`],
      [() => forSeeds(0, () => {}), 'The seeds must be a whole number above 0, or a list of seeds, and it is 0.'],
      [() => new FakeClock().advance(-1), 'The time that passes must be a number of milliseconds that is not negative, and it is -1.'],
    ])
    expect(debug.explainHandle(db, bad(5))).toBe(null)
    await used.expectUntouched()
  })
})
