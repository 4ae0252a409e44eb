/** The page of results: what was measured, where, the pictures, and all figures. */
import type { Machine } from '../harness/machine.js'
import { amount, describeRatio } from '../harness/report.js'
import { bestPeer, meanOf, peersOf, ratioOf, type Result } from '../harness/results.js'
import { summarize } from '../harness/statistics.js'
import { ours } from '../harness/workload.js'

export interface Measured extends Machine {
  readonly quick: boolean
  readonly results: readonly Result[]
}

export interface Picture {
  readonly suite: string
  readonly file: string
}

const introductions: Readonly<Record<string, string>> = {
  'synchronous shapes':
    'Signals, computations and effects through the public API, in the manner of the js-reactivity-benchmark. Where there are thousands of nodes of a kind (creation, cellx, grids), Pebre has one query with an argument; elsewhere a definition for each node, and `pebre keyed` has one query there too. For each write, the value it leads to is read.',
  'live queries': 'A write reaches one of a thousand queries that are watched, and is told.',
  'asynchronous queries':
    'Queries by key whose bodies are async functions. TanStack Query does not track: there, whoever writes invalidates by key. Two floors are written by hand for this purpose alone: a map of promises, which is emptied at each write, and a memo with stamps, which has no cancellation, failures, consistent reads or cycles.',
  live: 'The same, and other ways in which RxJS or signals are watched; a diamond by `live`, which never shows a mixed pair, and one by `combineLatest`, which does.',
  debug: 'What being watched costs: with nobody listening, with counters, and with a trace.',
  log: 'Commits that are followed by a log, against a bare append of the same bytes, with a sync for the durable ones.',
  views: 'Snapshots, and writes while they are held.',
  memory: 'Bytes of heap for one record, with everything that comes with it, held by key. An asynchronous cell has handed out its promise.',
  scale: 'What a write (with a read of the computation above it) and a snapshot (with a read in it) cost in small and large databases.',
}

export function page(measured: Measured, pictures: readonly Picture[]): string {
  const { results } = measured
  const suites = [...new Set(results.map(({ suite }) => suite))]
  const parts = suites.map((suite) => section(suite, results, pictures.filter((picture) => picture.suite === suite)))
  return [head(measured), ...parts].join('\n\n').concat('\n')
}

function head({ date, node, v8, system, processor, cores, versions, quick, results }: Measured): string {
  const processes = Math.max(...results.flatMap(({ samples }) => Object.values(samples).map((figures) => figures.length)))
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `# Performance

Measured on ${date.slice(0, 10)} with Node ${node.slice(1)} (V8 ${v8}), ${system}, ${cores} cores, ${processor}. ${libraries.join(', ')}.

This page is written by \`npm run bench:charts -- FILE\` from what \`npm run bench -- --json FILE\` measured${quick ? ', here a quick run' : ''}. Each library does each workload in
processes of its own, ${processes} of each, in turns; a figure is the median over the processes, each of which gives the median of its repetitions, in time of the processor. A ratio is taken
between processes that ran one after the other, and its spread, in parentheses, is over all of them. Every repetition checks what it computed and how many
bodies or effects ran. Figures of one machine say little about another: compare ratios.

In the charts Pebre stands at 1, and the axis is logarithmic: what is to the right took longer.`
}

function section(suite: string, results: readonly Result[], pictures: readonly Picture[]): string {
  const members = results.filter((result) => result.suite === suite)
  const peers = peersOf(members)
  const images = pictures.map(({ file }) => `![${suite}](${file})`)
  return [
    `## ${suite.charAt(0).toUpperCase()}${suite.slice(1)}`,
    introductions[suite] ?? '',
    ...images,
    means(members, suite, peers),
    table(members, peers),
    remarks(members),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function means(results: readonly Result[], suite: string, peers: readonly string[]): string {
  const found = peers.flatMap((peer) => {
    const mean = suite === 'scale' || peer === ours ? undefined : meanOf(results, suite, ours, peer)
    return mean === undefined ? [] : [`| ${peer} | ${describeRatio(mean.ratio)} | ${mean.workloads} |`]
  })
  if (found.length === 0) return ''
  return ['Pebre over each library, geometric mean over the workloads that both have:', '', '| library | ratio | workloads |', '|---|---|---|', ...found].join('\n')
}

function table(results: readonly Result[], peers: readonly string[]): string {
  const hasField = results.some((result) => ratioOf(result, ours, bestPeer) !== undefined)
  const heads = ['for one operation', ...peers, ...(hasField ? ['Pebre over the best library'] : [])]
  const rows = results.map((result) => {
    const cells = peers.map((peer) => {
      const figures = result.samples[peer]
      return figures === undefined ? '' : amount(summarize(figures).median, result.unit)
    })
    const best = ratioOf(result, ours, bestPeer)
    return [result.name, ...cells, ...(hasField ? [best === undefined ? '' : describeRatio(best)] : [])]
  })
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** One line for each remark: about whom, and where. */
function remarks(results: readonly Result[]): string {
  const said = new Map<string, { readonly peers: Set<string>; readonly names: Set<string> }>()
  for (const { name, remarks: all } of results) {
    for (const [peer, remark] of Object.entries(all)) {
      const about = said.get(remark) ?? { peers: new Set(), names: new Set() }
      said.set(remark, { peers: about.peers.add(peer), names: about.names.add(name) })
    }
  }
  return [...said].map(([remark, { peers, names }]) => `- ${[...peers].join(', ')}: ${remark} (${[...names].join('; ')}).`).join('\n')
}
