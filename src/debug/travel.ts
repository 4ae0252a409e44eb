/** Going back to a state that was. */
import { debugView, type Definition, type Input, type Revision, type View } from '../index.js'

/** Makes a view hold the inputs of another, in one commit; returns the revision at which it does. */
export function travelTo(view: View, then: View): Revision {
  return view.batch((tx) => {
    for (const definition of inputsOf(view, then)) tx.replaceAll(definition, then.entries(definition))
  })
}

function inputsOf(...views: readonly View[]): Set<Input<readonly unknown[], unknown>> {
  const found = new Set<Definition>()
  for (const view of views) for (const { kind, source } of debugView(view).look().records()) if (kind === 'input') found.add(source)
  return found as Set<Definition> as Set<Input<readonly unknown[], unknown>>
}
