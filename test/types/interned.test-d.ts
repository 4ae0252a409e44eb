import { describe, expectTypeOf, it } from 'vitest'
import { createDatabase, derived, type EntryKey, input, interned, type InternedId } from '../../src/index.js'

const path = interned<readonly string[]>('path')
const size = interned<number>('size')
const db = createDatabase({ definitions: [path] })

describe('interned values', () => {
  it('[INT-1] ids know what they stand for', () => {
    const id = db.intern(path, ['a'])
    expectTypeOf(id).toEqualTypeOf<InternedId<readonly string[]>>()
    expectTypeOf(db.lookup(path, id)).toEqualTypeOf<readonly string[]>()
    expectTypeOf(id).toExtend<number>()
    expectTypeOf<EntryKey<[InternedId<string>]>>().toEqualTypeOf<InternedId<string>>()
    derived('depth', (q, at: InternedId<readonly string[]>) => expectTypeOf(q.lookup(path, at)).toEqualTypeOf<readonly string[]>())
  })

  it('[INT-4] what cannot be an id does not compile', () => {
    const id = db.intern(path, ['a'])
    // @ts-expect-error it stands for another type
    db.lookup(size, id)
    // @ts-expect-error a number is no id
    db.lookup(size, 5)
    // @ts-expect-error the value is of another type
    db.intern(size, 'a')
    // @ts-expect-error an interned definition is no input
    db.get(path)
    // @ts-expect-error an input is no interned definition
    db.intern(input<[], number>('input'), 1)
  })
})
