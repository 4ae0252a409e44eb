/** Queries that fail or succeed as an input says. */
import { derived, input } from '../../src/index.js'

export const number = input<[name: string], number>('number', { initial: 0 })

/** Queries over `number('a')` that fail while it is negative. */
export function risks(errors: 'revision' | 'dependencies' = 'revision') {
  const ran: string[] = []
  const check = (value: number): number => {
    if (value < 0) throw new Error('negative')
    return value
  }
  const sync = derived('sync', (q) => [ran.push('sync'), check(q.get(number, 'a'))].at(-1) as number, { errors })
  const later = derived('later', async (q) => {
    ran.push('later')
    const value = q.get(number, 'a')
    await Promise.resolve()
    return check(value)
  }, { errors })
  return { ran, sync, later }
}
