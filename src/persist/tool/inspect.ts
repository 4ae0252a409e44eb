/// <reference types="node" />
/** `pebre inspect`: what a cache file holds. */
import { describeValue } from '../../index.js'
import { FORMAT_VERSION } from '../layout.js'
import { guardPort } from '../ports/guard.js'
import { FilePort, splitPath } from '../ports/node.js'
import { argsOf, checkSections, largestRecords, openCacheFile } from './cache-file.js'
import { bytesText, shownName, table, type Terminal } from './terminal.js'

export interface InspectRequest {
  readonly place: string
  readonly json: boolean
  readonly top: number
}

export async function inspectFile({ place, json, top }: InspectRequest, terminal: Terminal): Promise<number> {
  const { folder, name } = splitPath(place)
  const file = await openCacheFile(guardPort(new FilePort(folder)), name)
  if (file === null) {
    terminal.error(`pebre: there is no file ${place}\n`)
    return 3
  }
  const { header } = file.opened
  const wrong = await checkSections(file, terminal)
  const largest = largestRecords(file, top, wrong).map(({ definition, args, bytes }) => ({ record: `${shownName(definition)}(${argsOf(args).map((arg) => describeValue(arg)).join(', ')})`, bytes }))
  const sections = header.sections.map(({ name: definition, type, version, count, bytes }) => ({ definition, type, version, count, bytes, whole: !wrong.has(definition) }))
  const code = wrong.size > 0 ? 1 : 0
  if (json) {
    terminal.out(`${JSON.stringify({ file: place, format: FORMAT_VERSION, bytes: file.bytes, revision: header.revision, base: file.base, sections, largest })}\n`)
    return code
  }
  terminal.out(`${place}: cache file, format ${FORMAT_VERSION}, ${bytesText(file.bytes)}, revision ${header.revision}\n`)
  if (file.base !== null) terminal.out(`base of database ${file.base.lineage}, holds its commits up to ${file.base.sequence}\n`)
  terminal.out('\nsections\n')
  terminal.out(table(sections.map(({ definition, type, version, count, bytes, whole }) => [shownName(definition), type === 'derived' ? `query, version ${version}` : type, count, bytesText(bytes).padStart(7), whole ? '' : 'DAMAGED'])))
  if (largest.length > 0) terminal.out(`\nlargest records\n${table(largest.map(({ record, bytes }) => [bytesText(bytes).padStart(7), record]))}`)
  return code
}
