/** Which values a file can hold. */
import { isCollection } from 'immutable'
import { describeValue } from '../index.js'

export interface PersistProblem {
  /** Where in the value: `value`, `value.a[0]`, … */
  readonly path: string
  readonly reason: string
}

const plain: ReadonlySet<unknown> = new Set([Object.prototype, null])
const leaves: ReadonlySet<unknown> = new Set([Date.prototype, RegExp.prototype, ArrayBuffer.prototype, DataView.prototype])

/** The first part of a value that is no data, or null. Calls no getter; linear. */
export function persistProblem(value: unknown): PersistProblem | null {
  const seen = new Set<object>()
  const rest: { readonly part: unknown; readonly path: string }[] = [{ part: value, path: 'value' }]
  try {
    for (let at = rest.pop(); at !== undefined; at = rest.pop()) {
      const { part, path } = at
      if (typeof part === 'function' || typeof part === 'symbol') return { path, reason: `it is a ${typeof part}` }
      if (typeof part !== 'object' || part === null || seen.has(part)) continue
      seen.add(part)
      const problem = expand(part, path, rest)
      if (problem !== null) return problem
    }
  } catch {
    return { path: 'value', reason: 'it cannot be looked into' }
  }
  return null
}

function expand(object: object, path: string, rest: { readonly part: unknown; readonly path: string }[]): PersistProblem | null {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (leaves.has(prototype) || ArrayBuffer.isView(object)) return null
  if (object instanceof Map) for (const [key, part] of object) rest.push({ part: key, path: `${path}.key` }, { part, path: `${path}.get(${describeValue(key, 40)})` })
  else if (object instanceof Set) for (const part of object) rest.push({ part, path: `${path}.item` })
  else if (isCollection(object)) object.forEach((part: unknown, key: unknown) => void rest.push({ part, path: `${path}.get(${describeValue(key, 40)})` }))
  else if (!plain.has(prototype) && !Array.isArray(object) && !(object instanceof Error)) return { path, reason: `it is no plain data: ${describeValue(object)}` }
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key)
    if (property === undefined || (Array.isArray(object) && key === 'length')) continue
    if (isCollection(object) || object instanceof Error) continue
    const at = typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${Array.isArray(object) ? String(key) : describeValue(key, 40)}]`
    if (!('value' in property)) return { path: at, reason: 'it is an accessor' }
    if (typeof key === 'symbol') return { path: at, reason: 'its name is a symbol' }
    rest.push({ part: property.value, path: at })
  }
  return null
}
