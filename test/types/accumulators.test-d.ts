import { describe, expectTypeOf, it } from 'vitest'
import { type Accumulator, accumulator, createDatabase, derived, input, interned, source } from '../../src/index.js'

interface Warning {
  readonly line: number
}

const warnings = accumulator<Warning>('warnings')
const texts = accumulator<string>('texts')
const size = derived('size', (q, path: string) => (q.emit(warnings, { line: 1 }), path.length))
const slow = derived('slow', async (_q, path: string) => path.length)
const either = derived('either', (_q, n: number): number | Promise<number> => n)
const ticks = source('ticks', (_n: number) => [1])
const db = createDatabase({ definitions: [warnings, size] })

describe('accumulators', () => {
  it('[DER-7] items have the type of the channel, and come as the query does', () => {
    expectTypeOf(warnings).toEqualTypeOf<Accumulator<Warning>>()
    expectTypeOf(db.accumulated(warnings, size, 'a')).toEqualTypeOf<readonly Warning[]>()
    expectTypeOf(db.accumulated(texts, slow, 'a')).toEqualTypeOf<Promise<readonly string[]>>()
    expectTypeOf(db.snapshot().accumulated(texts, either, 1)).toEqualTypeOf<readonly string[] | Promise<readonly string[]>>()
    expectTypeOf(db.accumulated(texts, ticks, 1)).toEqualTypeOf<readonly string[] | Promise<readonly string[]>>()
  })

  it('misuse does not compile', () => {
    derived('wrong', (q) => {
      // @ts-expect-error the item is of another type
      q.emit(warnings, 'text')
      // @ts-expect-error an item is missing
      q.emit(texts)
      // @ts-expect-error an input is no channel
      q.emit(input<[], number>('number'), 1)
      // @ts-expect-error a channel cannot be read
      q.get(texts)
    })
    // @ts-expect-error the argument is missing
    db.accumulated(texts, size)
    // @ts-expect-error the argument is of another type
    db.accumulated(texts, size, 5)
    // @ts-expect-error an input emits nothing
    db.accumulated(texts, input<[], number>('number'))
    // @ts-expect-error an interned definition is no channel
    db.accumulated(interned<string>('symbol'), size, 'a')
    // @ts-expect-error only queries emit
    db.emit(texts, 'a')
    // @ts-expect-error what was emitted cannot be changed
    db.accumulated(texts, size, 'a').push('b')
  })
})
