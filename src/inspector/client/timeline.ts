/** The revisions, newest first, and what each of them reached. */
import { fill, h, shorten } from './dom.js'
import type { Model, RevisionLine } from './model.js'

const MOST_SHOWN = 200

export function renderTimeline(list: Element, model: Model, isRecorded: boolean, chosen: number | null, choose: (line: RevisionLine) => void): void {
  const lines = [...model.revisions.values()].toReversed().slice(0, MOST_SHOWN)
  const older = model.revisions.size - lines.length
  if (lines.length === 0) fill(list, h('li', { class: 'empty' }, isRecorded ? 'No commit is in this trace.' : 'Nothing has been written since this page was opened.'))
  else fill(list, ...lines.map((line) => h('li', {}, rowOf(line, line.revision === chosen, () => choose(line)))), older > 0 && h('li', { class: 'empty' }, `and ${older} before`))
}

function rowOf(line: RevisionLine, isChosen: boolean, onclick: () => void): HTMLElement {
  const { revision, inputs, reached, ran, cutoffs, failures, isPartial } = line
  const written = inputs.slice(0, 3).map(({ id }) => h('div', { class: 'id', title: id }, shorten(id, 60)))
  const counts = [`reached ${reached.size}`, `ran ${ran.size}`, ...(cutoffs > 0 ? [`cut off ${cutoffs}`] : []), ...(failures > 0 ? [`failed ${failures}`] : [])]
  const share = (part: number): string => `width: ${Math.round((100 * part) / Math.max(1, reached.size, ran.size))}%`
  return h('button', { class: 'row', 'data-revision': revision, 'aria-pressed': String(isChosen), onclick },
    h('span', { class: 'title' }, h('span', {}, `Revision ${revision}`)),
    ...written,
    inputs.length > 3 && h('div', { class: 'soft' }, `and ${inputs.length - 3} more`),
    h('span', { class: 'counts' }, isPartial ? `at least: ${counts.join(' · ')}` : counts.join(' · ')),
    h('span', { class: 'bar' }, h('i', { class: 'ran', style: share(ran.size - cutoffs) }), h('i', { class: 'cut', style: share(cutoffs) })))
}
