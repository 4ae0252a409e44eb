/** A bar for each library and thing: amounts that can be compared by their length. */
import { colorOf } from './colors.js'
import { element, picture, text } from './svg.js'

export interface Bars {
  readonly name: string
  readonly bars: readonly { readonly peer: string; readonly value: number; readonly label: string }[]
}

const width = 960
const left = 150
const right = 90
const barHeight = 18
const headHeight = 30
const titleHeight = 34

export function barChart(title: string, groups: readonly Bars[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const drawn: string[] = [text(12, 20, title, { 'font-weight': 'bold' })]
  let y = titleHeight
  for (const { name, bars } of groups) {
    drawn.push(text(left, y + 16, name, { fill: '#666' }))
    y += headHeight
    for (const { peer, value, label } of bars) {
      const length = (value / most) * (width - left - right)
      drawn.push(text(left - 10, y + 13, peer, { 'text-anchor': 'end' }))
      drawn.push(element('rect', { x: left, y: y + 2, width: Math.max(length, 1), height: barHeight - 4, fill: colorOf(peer) }))
      drawn.push(text(left + length + 6, y + 13, label))
      y += barHeight
    }
  }
  return picture(width, y + 14, title, drawn)
}
