/// <reference types="node" />
/** `pebre log`: the commits of a folder, one a line. */
import { describeValue } from '../../index.js'
import { baseName } from '../base.js'
import { Decoder, decodeValue, Encoder, encodeValue } from '../codec.js'
import { CacheError } from '../errors.js'
import { type Entry, INTERN, INVALIDATE, type NameCodec, REMOVE, SET } from '../log-entry.js'
import { type LoggedCommit, readSegment, type SegmentEnd } from '../log-reader.js'
import { listSegments } from '../log-replay.js'
import { guardPort } from '../ports/guard.js'
import { FilePort } from '../ports/node.js'
import type { Port } from '../ports/port.js'
import { bytesText, Progress, shownName, type Terminal } from './terminal.js'

const verbs = { [SET]: 'set', [REMOVE]: 'remove', [INVALIDATE]: 'invalidate', [INTERN]: 'intern' } as const

/** What `pebre log` is asked for. */
export interface LogRequest {
  readonly place: string
  readonly json: boolean
  readonly last: number
}

export async function showLog({ place, json, last }: LogRequest, terminal: Terminal): Promise<number> {
  const port = guardPort(new FilePort(place))
  const segments = await listSegments(port)
  if (segments.length === 0) {
    if ((await port.size(baseName)) !== null) {
      if (!json) terminal.out(`no commits since those in ${baseName}\n`)
      return 0
    }
    terminal.error(`pebre: there is no log in ${place}\n`)
    return 3
  }
  const total = last === Infinity ? 0 : await countCommits(port, segments.map(({ name }) => name), terminal)
  let code = 0
  let seen = 0
  for (const { name } of segments) {
    const end = await readLog(port, name, (commit) => {
      if (seen++ < total - last) return
      terminal.out(json ? `${JSON.stringify(jsonOf(name, commit))}\n` : textOf(commit))
    })
    if (end.state === 'damaged' || end.state === 'newer') code = 1
    if (json) terminal.out(`${JSON.stringify({ file: name, ...endOf(end) })}\n`)
    else if (end.state !== 'whole') terminal.out(`${name}: ${end.state} at byte ${end.offset} of ${end.size}: ${end.reason}\n`)
  }
  return code
}

async function countCommits(port: Port, names: readonly string[], terminal: Terminal): Promise<number> {
  let commits = 0
  for (const name of names) {
    const progress = new Progress(terminal, name)
    const size = (await port.size(name)) ?? 0
    commits += (await readLog(port, name, ({ offset }) => progress.show(offset, size))).commits
    progress.clear()
  }
  return commits
}

/** Reads a segment with the names of its definitions. */
export function readLog(port: Port, name: string, commit: (commit: LoggedCommit) => void): Promise<SegmentEnd> {
  const encoder = new Encoder()
  const decoder = new Decoder()
  const names: NameCodec = {
    encode: (text) => encodeValue(text, { definition: text, key: text }, encoder),
    decode: (bytes) => decodeValue(bytes, decoder),
  }
  return readSegment(port, name, names, { commit })
}

/** How a segment ends, for scripts. */
export function endOf({ header, state, offset, size, reason, commits }: SegmentEnd): object {
  return { lineage: header?.lineage ?? null, first: header?.first ?? null, commits, state, offset, size, reason }
}

function jsonOf(file: string, { sequence, revision, entries, offset, size }: LoggedCommit): object {
  return { commit: sequence, revision, file, offset, size, writes: entries.map((entry) => ({ type: verbs[entry.code], record: recordOf(entry), ...(entry.value === null ? {} : { bytes: entry.value.length, value: shown(entry.value) }) })) }
}

function textOf({ sequence, revision, entries, size }: LoggedCommit): string {
  const shownEntries = entries.slice(0, 3).map((entry) => `${verbs[entry.code]} ${recordOf(entry)}${entry.value === null ? '' : ` = ${shown(entry.value)}`}`)
  const more = entries.length > 3 ? `; and ${entries.length - 3} more` : ''
  return `${sequence}  revision ${revision}  ${bytesText(size)}  ${shownEntries.join('; ')}${more}\n`
}

function recordOf({ name, args, code, id }: Entry): string {
  if (code === INTERN) return `${shownName(name)} #${id}`
  const decoded = tryDecode(args)
  return `${shownName(name)}(${Array.isArray(decoded) ? decoded.map((arg) => describeValue(arg)).join(', ') : '?'})`
}

function shown(bytes: Uint8Array): string {
  const value = tryDecode(bytes)
  return value instanceof CacheError ? `<${value.message}>` : describeValue(value)
}

/** A value, or why there is none: instances of classes have no codecs here. */
function tryDecode(bytes: Uint8Array): unknown {
  try {
    return decodeValue(bytes)
  } catch (error) {
    return error
  }
}
