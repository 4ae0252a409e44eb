/** What may be opened, committed and saved; and what may not. */
import { describe, expectTypeOf, it } from 'vitest'
import { type Database, derived, input, interned } from '../../src/index.js'
import { MemoryPort, openDatabase, type OpenedDatabase } from '../../src/persist/index.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const symbol = interned<string>('symbol')

describe('openDatabase', () => {
  it('gives a database whose close is a promise', () => {
    expectTypeOf(openDatabase).returns.resolves.toEqualTypeOf<OpenedDatabase>()
    expectTypeOf<OpenedDatabase>().toExtend<Database>()
    expectTypeOf<OpenedDatabase['close']>().returns.resolves.toBeVoid()
    expectTypeOf<Database['close']>().returns.toBeVoid()
  })

  it('wants definitions, of any kind, and a place', () => {
    void openDatabase('folder', { definitions: [file, size, symbol] })
    void openDatabase(new MemoryPort(), { definitions: [] })
    // @ts-expect-error the definitions are missing
    void openDatabase('folder', {})
    // @ts-expect-error a name is no definition
    void openDatabase('folder', { definitions: ['file'] })
    // @ts-expect-error a number is no place
    void openDatabase(5, { definitions: [file] })
    // @ts-expect-error there is no such way
    void openDatabase('folder', { definitions: [file], recovery: 'guess' })
  })

  it('commits what a batch can hold', async () => {
    const db = await openDatabase(new MemoryPort(), { definitions: [file] })
    expectTypeOf(db.commit((tx) => tx.set(file, 'a', 'A'), { durable: true })).resolves.toBeNumber()
    // @ts-expect-error the value is no text
    void db.commit((tx) => tx.set(file, 'a', 1))
    // @ts-expect-error a query cannot be written
    void db.commit((tx) => tx.set(size, 'a', 1))
  })
})
