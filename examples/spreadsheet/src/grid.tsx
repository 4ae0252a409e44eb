/**
 * The cells on screen. Of 10 000 rows only those in sight are in the page, each cell with a live query of its own; what scrolls
 * out of sight stops watching. Selection and editor lie over the cells, so that moving about renders no cell.
 */
import { useQuery } from 'pebre/react'
import { memo, type ReactNode, type RefObject, useLayoutEffect, useState } from 'react'
import { cellId, columnName, COLUMNS, type Place, placeOf, ROWS } from './address.js'
import { faceOf } from './face.js'
import { value } from './sheet.js'

export const ROW_HEIGHT = 26
export const HEAD_HEIGHT = 28
const NUMBER_WIDTH = 62
const WIDTHS = [66, 108, 88, 84, 104, 132, 84, 40, 150, 150]
/** Rows beyond the edge, so that a little scrolling shows nothing empty. */
const MARGIN = 6

function leftOf(column: number): number {
  return WIDTHS.slice(0, column).reduce((left, width) => left + width, NUMBER_WIDTH)
}

const TOTAL_WIDTH = leftOf(COLUMNS)

const Cell = memo(({ id, width }: { readonly id: string; readonly width: number }) => {
  const { text, kind, why } = faceOf(useQuery(value, id))
  return <div role="gridcell" className={`cell ${kind}`} data-cell={id} title={why} style={{ width }}>{text}</div>
})

const Row = memo(({ row }: { readonly row: number }) => (
  <div role="row" aria-rowindex={row + 1} className="row" style={{ transform: `translateY(${row * ROW_HEIGHT}px)` }}>
    <div role="rowheader" className="number" style={{ width: NUMBER_WIDTH }}>{row + 1}</div>
    {WIDTHS.map((width, column) => <Cell key={column} id={cellId({ column, row })} width={width} />)}
  </div>
))

const Head = memo(({ column }: { readonly column: number }) => (
  <div role="row" className="head">
    <div className="number corner" style={{ width: NUMBER_WIDTH }} />
    {WIDTHS.map((width, at) => (
      <div role="columnheader" key={at} className={at === column ? 'heading here' : 'heading'} style={{ width }}>{columnName(at)}</div>
    ))}
  </div>
))

/** The rows in sight of an element that scrolls. */
function useRowsInSight(scroller: RefObject<HTMLDivElement | null>): readonly number[] {
  const [sight, setSight] = useState({ first: 0, count: 40 })
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const look = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - MARGIN)
      const count = Math.ceil(element.clientHeight / ROW_HEIGHT) + 2 * MARGIN
      setSight((before) => (before.first === first && before.count === count ? before : { first, count }))
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller])
  return Array.from({ length: Math.min(sight.count, ROWS - sight.first) }, (_, at) => sight.first + at)
}

/** Scrolls as little as is needed to have a cell in sight. */
function bringIntoSight(element: HTMLDivElement, { column, row }: Place): void {
  const top = row * ROW_HEIGHT
  const room = element.clientHeight - HEAD_HEIGHT
  if (top < element.scrollTop) element.scrollTop = top
  else if (top + ROW_HEIGHT > element.scrollTop + room) element.scrollTop = top + ROW_HEIGHT - room
  const left = leftOf(column)
  if (left - NUMBER_WIDTH < element.scrollLeft) element.scrollLeft = left - NUMBER_WIDTH
  else if (left + (WIDTHS[column] ?? 0) > element.scrollLeft + element.clientWidth) element.scrollLeft = left + (WIDTHS[column] ?? 0) - element.clientWidth
}

export function Grid({ scroller, place, children, onSelect, onOpen }: {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly place: Place
  /** Lies over the selected cell. */
  readonly children: ReactNode
  readonly onSelect: (place: Place) => void
  readonly onOpen: () => void
}): ReactNode {
  const rows = useRowsInSight(scroller)
  useLayoutEffect(() => {
    if (scroller.current !== null) bringIntoSight(scroller.current, place)
  }, [scroller, place])
  const pick = (target: EventTarget): void => {
    const id = target instanceof HTMLElement ? target.dataset['cell'] : undefined
    const found = id === undefined ? undefined : placeOf(id)
    if (found !== undefined) onSelect(found)
  }
  return (
    <div ref={scroller} role="grid" aria-label="Sheet" aria-rowcount={ROWS} aria-colcount={COLUMNS} className="scroller">
      <Head column={place.column} />
      <div className="rows" style={{ height: ROWS * ROW_HEIGHT, width: TOTAL_WIDTH }} onMouseDown={(event) => pick(event.target)} onDoubleClick={onOpen}>
        {rows.map((row) => <Row key={row} row={row} />)}
        <div className="cursor" style={{ top: place.row * ROW_HEIGHT, left: leftOf(place.column), width: WIDTHS[place.column], height: ROW_HEIGHT }}>{children}</div>
      </div>
    </div>
  )
}
