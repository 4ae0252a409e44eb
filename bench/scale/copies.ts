/** Ways to keep a state while it goes on being written. */
import { Map as ImmutableMap } from 'immutable'
import { createDatabase, input, type Input } from 'pebre'

const value: Input<[i: number], number> = input('value')

/** Writes a value, and reads it in a copy made after that. */
type CopyWith = (place: number, value: number) => number | undefined

const entries = (count: number): [number, number][] => Array.from({ length: count }, (_, i) => [i, i])

export const takers: Readonly<Record<string, (count: number) => CopyWith>> = {
  pebre: (count) => {
    const db = createDatabase()
    db.replaceAll(value, entries(count))
    return (place, next) => {
      db.set(value, place, next)
      const snapshot = db.snapshot()
      const seen = snapshot.get(value, place)
      snapshot.dispose()
      return seen
    }
  },
  'immutable map': (count) => {
    let map = ImmutableMap(entries(count))
    return (place, next) => {
      map = map.set(place, next)
      return map.get(place)
    }
  },
  'copied map': (count) => {
    const map = new Map(entries(count))
    return (place, next) => {
      map.set(place, next)
      return new Map(map).get(place)
    }
  },
}
