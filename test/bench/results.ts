import type { Result } from '../../bench/harness/results.js'

/** A result in time, of one group and suite. */
export function resultOf(name: string, samples: Result['samples'], unit: Result['unit'] = 'ns'): Result {
  return { name, group: 'some', suite: 'all', unit, samples, remarks: {} }
}
