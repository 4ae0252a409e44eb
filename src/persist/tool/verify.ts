/// <reference types="node" />
/** `pebre verify`: every checksum of a cache file or of a folder, and what loading it would do. */
import { stat } from 'node:fs/promises'
import { baseName } from '../base.js'
import { CacheError } from '../errors.js'
import { listSegments } from '../log-replay.js'
import { guardPort } from '../ports/guard.js'
import { FilePort, splitPath } from '../ports/node.js'
import type { Port } from '../ports/port.js'
import { checkSections, openCacheFile } from './cache-file.js'
import { readLog } from './log.js'
import { bytesText, Progress, type Terminal } from './terminal.js'

export interface VerifyRequest {
  readonly place: string
  readonly json: boolean
}

/** What is said of one file, and of the whole in the end. */
interface Finding {
  readonly file: string
  readonly ok: boolean
  readonly text: string
  readonly facts: object
  /** It is no file of ours. */
  readonly isForeign?: boolean
}

export async function verifyPlace({ place, json }: VerifyRequest, terminal: Terminal): Promise<number> {
  const entry = await stat(place).catch(() => null)
  if (entry === null) {
    terminal.error(`pebre: there is no ${place}\n`)
    return 3
  }
  const { folder, name } = splitPath(place)
  const findings = entry.isDirectory() ? await verifyFolder(guardPort(new FilePort(place)), terminal) : [await verifyCache(guardPort(new FilePort(folder)), name, terminal)]
  for (const { file, ok, text, facts } of findings) terminal.out(json ? `${JSON.stringify({ file, ok, ...facts, text })}\n` : `${file}: ${ok ? 'ok' : 'NOT OK'}: ${text}\n`)
  return findings.every(({ ok }) => ok) ? 0 : findings.every(({ isForeign }) => isForeign === true) ? 3 : 1
}

async function verifyCache(port: Port, name: string, terminal: Terminal): Promise<Finding & { readonly sequence?: number; readonly lineage?: string }> {
  try {
    const file = await openCacheFile(port, name)
    if (file === null) return { file: name, ok: false, text: 'there is no such file', facts: {} }
    const wrong = await checkSections(file, terminal)
    const [message] = wrong.values()
    if (message !== undefined) return { file: name, ok: false, text: message, facts: { damaged: [...wrong.keys()] }, ...file.base }
    if (!file.endsWell) return { file: name, ok: false, text: 'its last checksum does not fit', facts: {}, ...file.base }
    const { sections, revision } = file.opened.header
    const count = (type: string): number => sections.reduce((sum, section) => sum + (section.type === type ? section.count : 0), 0)
    const text = `${bytesText(file.bytes)} of revision ${revision}; loading gives ${count('input')} inputs and ${count('derived')} results to a database that has these definitions, in these versions`
    return { file: name, ok: true, text, facts: { bytes: file.bytes, revision, inputs: count('input'), results: count('derived') }, ...file.base }
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    return { file: name, ok: false, text: error.message, facts: { code: error.code }, isForeign: error.code === 'foreign' }
  }
}

async function verifyFolder(port: Port, terminal: Terminal): Promise<Finding[]> {
  const findings: Finding[] = []
  let sequence = 0
  let lineage: string | null = null
  const names = await port.list()
  if (names.includes(baseName)) {
    const base = await verifyCache(port, baseName, terminal)
    findings.push(base)
    sequence = base.sequence ?? 0
    lineage = base.lineage ?? null
    if (base.ok && base.lineage === undefined) findings.push({ file: baseName, ok: false, text: 'it is no base of a folder', facts: {} })
  }
  const held = sequence
  let isBroken = findings.some(({ ok }) => !ok)
  for (const { name, first } of await listSegments(port)) {
    const progress = new Progress(terminal, name)
    const size = (await port.size(name)) ?? 0
    const end = await readLog(port, name, ({ offset }) => progress.show(offset, size))
    progress.clear()
    const last = first + end.commits - 1
    const foreign = end.header !== null && lineage !== null && end.header.lineage !== lineage
    const ok = (end.state === 'whole' || end.state === 'torn') && !foreign && first <= sequence + 1
    const what = end.state === 'whole' ? '' : `; ${end.state} at byte ${end.offset} of ${end.size}: ${end.reason}${end.state === 'torn' ? ', which the next commit cuts off' : ''}`
    const range = end.commits === 0 ? 'no commits' : `commits ${first} to ${last}`
    const trouble = foreign ? '; it is the log of another database' : first > sequence + 1 ? `; commit ${sequence + 1} is missing` : ''
    findings.push({ file: name, ok, text: `${range}${what}${trouble}`, facts: { first, commits: end.commits, state: end.state, offset: end.offset, size: end.size } })
    lineage ??= end.header?.lineage ?? null
    if (!isBroken && first <= sequence + 1 && !foreign) sequence = Math.max(sequence, last)
    isBroken ||= !ok
  }
  if (findings.length === 0) return [{ file: '.', ok: true, text: 'nothing is here: opening makes a new database', facts: { commits: 0 } }]
  const would = isBroken ? `opening fails, or, where only the log is damaged, stops after commit ${sequence}` : `opening loads ${held > 0 ? `commits 1 to ${held} from the base and ` : ''}${sequence - held} from the log`
  findings.push({ file: '.', ok: !isBroken, text: would, facts: { base: held, commits: sequence } })
  return findings
}
