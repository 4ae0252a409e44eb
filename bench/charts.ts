/** `npm run bench:charts -- FILE`: writes `docs/performance.md` and its pictures from the figures in FILE. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { type Bars, barChart } from './charts/bars.js'
import { dotChart } from './charts/dots.js'
import { type Measured, page, type Picture } from './charts/page.js'
import { amount } from './harness/report.js'
import { peersOf, type Result } from './harness/results.js'
import { summarize } from './harness/statistics.js'
import { ours } from './harness/workload.js'

const docs = new URL('../../docs/', import.meta.url)

async function main(file: string): Promise<void> {
  const measured = JSON.parse(await readFile(file, 'utf8')) as Measured
  await mkdir(new URL('performance/', docs), { recursive: true })
  const pictures: Picture[] = []
  for (const suite of new Set(measured.results.map((result) => result.suite))) {
    const results = measured.results.filter((result) => result.suite === suite)
    // What is compared with itself only has a table, and no picture.
    if (!results.some(({ samples }) => ours in samples && Object.keys(samples).length > 1)) continue
    const path = `performance/${suite.replaceAll(' ', '-')}.svg`
    await writeFile(new URL(path, docs), suite === 'memory' ? memoryChart(results) : dotChart(`${suite}: times the time of Pebre`, results, peersOf(results)))
    pictures.push({ suite, file: path })
  }
  await writeFile(new URL('performance.md', docs), page(measured, pictures))
}

function memoryChart(results: readonly Result[]): string {
  const groups = results.map(({ name, samples, unit }): Bars => {
    const bars = Object.entries(samples).map(([peer, figures]) => {
      const value = summarize(figures).median
      return { peer, value, label: amount(value, unit) }
    })
    return { name, bars }
  })
  return barChart('memory: bytes of heap for one record', groups)
}

const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('npm run bench:charts -- FILE, where `npm run bench -- --json FILE` has written what it measured')
  process.exitCode = 2
} else await main(file)
