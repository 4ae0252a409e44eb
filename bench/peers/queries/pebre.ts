import { createDatabase, type Database, derived, type Derived, input, type Query, type TotalInput } from 'pebre'
import type { Key, QueryPeer, Store } from '../../queries/store.js'

type KeyedInput = TotalInput<[key: Key], number>
type KeyedQuery = Derived<[key: Key], Promise<number>>

class PebreStore implements Store<Query, KeyedInput, KeyedQuery> {
  private readonly db: Database = createDatabase()
  private names = 0

  input(initial: number): KeyedInput {
    return input<[key: Key], number>(`input ${this.names++}`, { initial })
  }

  query(body: (q: Query, key: Key) => Promise<number>): KeyedQuery {
    return derived(`query ${this.names++}`, body)
  }

  readInput(q: Query, definition: KeyedInput, key: Key): number {
    return q.get(definition, key)
  }

  readQuery(q: Query, definition: KeyedQuery, key: Key): Promise<number> {
    return q.get(definition, key)
  }

  get(definition: KeyedQuery, key: Key): Promise<number> {
    return this.db.get(definition, key)
  }

  set(definition: KeyedInput, key: Key, value: number): void {
    this.db.set(definition, key, value)
  }

  watch(definition: KeyedQuery, key: Key, callback: (value: number) => void): void {
    this.db.observe(definition, key).subscribe(callback)
  }
}

export const pebre: QueryPeer<Query, KeyedInput, KeyedQuery> = { open: () => new PebreStore(), cutsOff: true }
