/** A row for each workload, a dot for each library: how many times our figure its own is, on a logarithmic axis. */
import { ratioOf, type Result } from '../harness/results.js'
import { floors, ours } from '../harness/workload.js'
import { colorOf } from './colors.js'
import { logarithmic } from './scale.js'
import { element, line, picture, text } from './svg.js'

const width = 960
const left = 270
const right = 30
const rowHeight = 24
const legendHeight = 76
const axisHeight = 30

interface Dot {
  readonly peer: string
  readonly ratio: number
}

export function dotChart(title: string, results: readonly Result[], peers: readonly string[]): string {
  const rows = results.map((result) => ({ name: result.name, dots: dotsOf(result) }))
  const scale = logarithmic([1, ...rows.flatMap(({ dots }) => dots.map(({ ratio }) => ratio))])
  const x = (value: number): number => left + scale.at(value) * (width - left - right)
  const bottom = legendHeight + rows.length * rowHeight
  // With many ticks, only powers of ten are labelled.
  const labelled = scale.ticks.length > 12 ? scale.ticks.filter((tick) => String(tick).includes('1')) : scale.ticks
  const grid = [
    ...scale.ticks.map((tick) => line(x(tick), legendHeight, x(tick), bottom, '#e4e4e4')),
    ...labelled.map((tick) => text(x(tick), bottom + 16, `${tick}×`, { 'text-anchor': 'middle', fill: '#666' })),
  ]
  const drawn = rows.flatMap(({ name, dots }, i) => {
    const y = legendHeight + (i + 0.5) * rowHeight
    return [text(left - 12, y + 4, name, { 'text-anchor': 'end' }), ...dots.map((dot) => drawDot(dot, x(dot.ratio), y))]
  })
  const ourLine = line(x(1), legendHeight, x(1), bottom, colorOf(ours))
  const sides = [text(x(1) - 10, 69, '← faster than Pebre', { 'text-anchor': 'end', fill: '#666' }), text(x(1) + 10, 69, 'slower →', { fill: '#666' })]
  return picture(width, bottom + axisHeight, title, [text(12, 20, title, { 'font-weight': 'bold' }), ...legend(peers), ...sides, ...grid, ourLine, ...drawn])
}

/** Ours first, so that it lies below what is as fast. */
function dotsOf(result: Result): Dot[] {
  return Object.keys(result.samples).map((peer) => ({ peer, ratio: peer === ours ? 1 : (ratioOf(result, peer, ours)?.median ?? Number.NaN) }))
}

/** Floors are hollow: they are no libraries. */
function drawDot({ peer, ratio }: Dot, cx: number, cy: number): string {
  const fill = floors.includes(peer) ? '#fff' : colorOf(peer)
  const label = element('title', {}, `${peer}: ${ratio.toFixed(2)}×`)
  return element('circle', { cx, cy, r: peer === ours ? 6 : 5, fill, stroke: colorOf(peer), 'stroke-width': 2, 'fill-opacity': 0.85 }, label)
}

function legend(peers: readonly string[]): string[] {
  const step = (width - 24) / Math.max(peers.length, 8)
  return peers.flatMap((peer, i) => {
    const cx = 20 + i * step
    return [drawDot({ peer, ratio: 1 }, cx, 42), text(cx + 10, 46, peer)]
  })
}
