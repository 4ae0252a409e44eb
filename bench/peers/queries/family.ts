import type { Key } from '../../queries/store.js'

/** One of something for each key, made when it is first asked for. */
export class Family<T> {
  private readonly members = new Map<Key, T>()
  private readonly make: (key: Key) => T

  constructor(make: (key: Key) => T) {
    this.make = make
  }

  at(key: Key): T {
    const known = this.members.get(key)
    if (known !== undefined) return known
    const made = this.make(key)
    this.members.set(key, made)
    return made
  }
}
