/**
 * Who is needed: below a live query or a pin. One walk upwards serves all that are asked about, and looks at each record once.
 *
 * It is the walk that finds components (Tarjan): what is open leads to everything on the path above it. So the first need that is found holds
 * for all that is open and ends the walk; and what closes without one shares what was found of its component.
 */
import type { Family } from './branch.js'
import type { Cell, Edge } from './node.js'

/** It is needed now. */
export const NEEDED: number = Infinity
/** As far as is known it never was. */
export const UNNEEDED: number = -Infinity

interface Place {
  readonly index: number
  /** How many were open before it. */
  readonly depth: number
  low: number
  isOpen: boolean
  /** The edge to the next reader. */
  next: Edge | null
  until: number
}

/** What is found holds as long as the graph stays as it is. */
export class Needs {
  private readonly family: Family
  private readonly gone: ReadonlyMap<Cell, number>
  private readonly places: Map<Cell, Place> = new Map()
  private readonly open: Place[] = []

  /** `gone`: cells that have lost their last live query or pin, and when. */
  constructor(family: Family, gone: ReadonlyMap<Cell, number>) {
    this.family = family
    this.gone = gone
  }

  /** When the last of those went that a live query or a pin needed it for: `NEEDED` if one still does, `UNNEEDED` if none has. */
  until(cell: Cell): number {
    const place = this.places.get(cell) ?? this.enter(cell)
    if (place.isOpen) this.walk(place)
    return place.until
  }

  private walk(start: Place): void {
    const path = [start]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      if (top.until === NEEDED) return this.close(0, NEEDED)
      const { next } = top
      if (next !== null) {
        top.next = next.nextDependent
        const above = this.places.get(next.reader)
        if (above === undefined) path.push(this.enter(next.reader))
        else if (above.isOpen) top.low = Math.min(top.low, above.index)
        else top.until = Math.max(top.until, above.until)
        continue
      }
      path.pop()
      const below = path.at(-1)
      if (below !== undefined) {
        below.low = Math.min(below.low, top.low)
        below.until = Math.max(below.until, top.until)
      }
      if (top.low === top.index) this.close(top.depth, top.until)
    }
  }

  private enter(cell: Cell): Place {
    const { places, open, gone, family } = this
    const isHeld = cell.watcher !== null || family.isPinned(cell)
    const until = isHeld ? NEEDED : (gone.get(cell) ?? UNNEEDED)
    const place: Place = { index: places.size, depth: open.length, low: places.size, isOpen: true, next: cell.dependents, until }
    places.set(cell, place)
    open.push(place)
    return place
  }

  private close(depth: number, until: number): void {
    for (const place of this.open.splice(depth)) {
      place.isOpen = false
      place.until = until
    }
  }
}
