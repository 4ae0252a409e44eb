/** Walks through graphs that may be deep, with a stack of their own. */

interface Place {
  readonly index: number
  low: number
  isOpen: boolean
}

/** Each part of what is reached from `roots` within which everybody reaches everybody (Tarjan); one that another one leads to comes before it. */
export function componentsOf<T>(roots: Iterable<T>, next: (node: T) => Iterable<T>): T[][] {
  const places = new Map<T, Place>()
  const open: T[] = []
  const found: T[][] = []
  const path: { readonly node: T; readonly place: Place; readonly rest: Iterator<T> }[] = []
  const enter = (node: T): void => {
    const place: Place = { index: places.size, low: places.size, isOpen: true }
    places.set(node, place)
    open.push(node)
    path.push({ node, place, rest: next(node)[Symbol.iterator]() })
  }
  for (const root of roots) {
    if (!places.has(root)) enter(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node, place, rest } = top
      const step = rest.next()
      if (step.done !== true) {
        const known = places.get(step.value)
        if (known === undefined) enter(step.value)
        else if (known.isOpen) place.low = Math.min(place.low, known.index)
        continue
      }
      path.pop()
      const above = path.at(-1)
      if (above !== undefined) above.place.low = Math.min(above.place.low, place.low)
      if (place.low < place.index) continue
      const part = open.splice(open.lastIndexOf(node))
      for (const one of part) (places.get(one) as Place).isOpen = false
      found.push(part)
    }
  }
  return found
}

/** In which step each node comes that is reached from `root`, if everybody comes after those he needs: all but those who need him too, and were met before him. */
function stepsOf<T>(root: T, next: (node: T) => Iterable<T>): Map<T, number> {
  const steps = new Map<T, number>()
  const met = new Set<T>([root])
  const path: { readonly node: T; readonly rest: Iterator<T>; step: number }[] = [{ node: root, rest: next(root)[Symbol.iterator](), step: 0 }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const { done, value } = top.rest.next()
    if (done === true) {
      steps.set(top.node, top.step)
      path.pop()
      const above = path.at(-1)
      if (above !== undefined) above.step = Math.max(above.step, top.step + 1)
    } else if (met.has(value)) top.step = Math.max(top.step, (steps.get(value) ?? -1) + 1)
    else {
      met.add(value)
      path.push({ node: value, rest: next(value)[Symbol.iterator](), step: 0 })
    }
  }
  return steps
}

/** The steps of a sweep over nodes that all reach each other: they depend on the names alone, and not on where one begins. */
export function sweepOf<T>(nodes: Iterable<T>, nameOf: (node: T) => string, next: (node: T) => Iterable<T>): T[][] {
  const names = new Map(Array.from(nodes, (node) => [node, nameOf(node)] as const))
  const inOrder = (list: Iterable<T>): T[] => [...list].filter((node) => names.has(node)).toSorted((a, b) => ((names.get(a) as string) < (names.get(b) as string) ? -1 : 1))
  const [first] = inOrder(names.keys())
  const steps: T[][] = []
  for (const [node, step] of stepsOf(first as T, (at) => inOrder(next(at)))) (steps[step] ??= []).push(node)
  return steps
}
