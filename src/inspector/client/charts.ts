// oxlint-disable-next-line typescript/triple-slash-reference -- whoever compiles this file needs the declaration
/// <reference path="./css.d.ts" />
/** Runs, and reads that needed none, over time. */
import uPlot from 'uplot'
import uPlotCss from 'uplot/dist/uPlot.min.css'
import type { Recording } from '../protocol.js'
import type { Sample } from './model.js'

export const chartCss: string = uPlotCss

const lines = [
  { label: 'runs', stroke: '#2f6fd0' },
  { label: 'cut off', stroke: '#3f9a57' },
  { label: 'kept: valid, proved, joined', stroke: '#c77d0a' },
  { label: 'failures', stroke: '#c93c3c' },
]

/** Seconds between two samples while much happens, where a database tells. */
const STEP = 0.1

/** What happened between two samples, each at the time of the later. `step`: the seconds between two while much happens. */
export function ratesOf(samples: readonly Sample[], step: number = STEP): [number[], ...number[][]] {
  const times: number[] = []
  const columns: number[][] = lines.map(() => [])
  const add = (time: number, values: readonly number[]): void => {
    times.push(time)
    for (const [i, column] of columns.entries()) column.push(values[i] ?? 0)
  }
  add(0, [])
  for (const [i, { time, totals }] of samples.entries()) {
    const { time: last = 0, totals: before } = samples[i - 1] ?? {}
    if (before === undefined) continue
    // Nothing was told in between, because nothing happened.
    if (time - last > 3 * step) {
      add(last + step, [])
      add(time - step, [])
    }
    const keeps = (at: typeof totals): number => at.hits + at.joins + at.validations
    const values = [totals.runs - before.runs, totals.cutoffs - before.cutoffs, keeps(totals) - keeps(before), totals.failures - before.failures]
    add(time, values)
  }
  return [times, ...columns]
}

export class Chart {
  private readonly container: HTMLElement
  private readonly recording: Recording | undefined
  private plot: uPlot | null = null

  constructor(container: HTMLElement, recording: Recording | undefined) {
    this.container = container
    this.recording = recording
  }

  show(samples: readonly Sample[]): void {
    const { clientWidth: width, clientHeight: height } = this.container
    if (width === 0) return
    const data = ratesOf(samples, this.recording?.step)
    if (this.plot === null || this.plot.width !== width - 24) {
      this.plot?.destroy()
      const colour = getComputedStyle(this.container).color
      const axis = { stroke: colour, grid: { stroke: '#8883', width: 1 }, ticks: { show: false } }
      this.plot = new uPlot({
        width: width - 24, height: Math.max(120, height - 44), scales: { x: { time: false } }, cursor: { y: false }, legend: { live: false },
        series: [{ label: 'seconds' }, ...lines.map(({ label, stroke }) => ({ label, stroke, width: 2, points: { show: samples.length < 60, size: 5 } }))],
        axes: [{ ...axis, label: this.recording === undefined ? 'seconds since this page was opened' : 'seconds since the first event of the trace', labelSize: 18, size: 28 }, { ...axis, size: 46 }],
      }, data, this.container)
    } else this.plot.setData(data)
  }

  destroy(): void {
    this.plot?.destroy()
  }
}
