/** How the inspector looks. */
import type { DebugState } from '../../index.js'

/** Fill and line of each state; the legend and the graph use the same. */
export const colours: Readonly<Record<DebugState, { readonly fill: string; readonly line: string; readonly label: string }>> = {
  ready: { fill: '#b5e3be', line: '#3f9a57', label: 'ready' },
  dirty: { fill: '#ffcf78', line: '#c77d0a', label: 'stale' },
  maybe: { fill: '#ffeaad', line: '#d9a53a', label: 'perhaps stale' },
  running: { fill: '#9cc8ff', line: '#2f6fd0', label: 'running' },
  failed: { fill: '#f6a5a5', line: '#c93c3c', label: 'failed' },
  new: { fill: '#ececf0', line: '#9a9aa6', label: 'never ran' },
  absent: { fill: '#ececf0', line: '#9a9aa6', label: 'absent' },
}

const states = Object.entries(colours).map(([state, { fill, line }]) => `.state-${state} { --fill: ${fill}; --line: ${line} }`).join('\n')

export const css: string = `
:host { display: block; height: 100%; container-type: inline-size }
* { box-sizing: border-box }
[hidden] { display: none !important }
.inspector {
  --back: #fff; --panel: #f6f7f9; --text: #1d2129; --soft: #667085; --rule: #e1e4ea; --accent: #2f6fd0; --chosen: #e4eefc;
  display: grid; grid-template: auto minmax(0, 1fr) 250px / 270px minmax(0, 1fr) 360px; height: 100%; background: var(--back); color: var(--text);
  font: 13px/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  .inspector { --back: #16181d; --panel: #1d2027; --text: #e6e8ec; --soft: #98a0ae; --rule: #30343d; --accent: #6ea8fe; --chosen: #25344d }
}
header { grid-column: 1 / -1; display: flex; gap: 18px; align-items: baseline; padding: 8px 14px; border-bottom: 1px solid var(--rule); background: var(--panel) }
h1 { font-size: 15px; margin: 0 }
header .figure b { font-variant-numeric: tabular-nums; font-weight: 600 }
header .figure, .soft { color: var(--soft) }
header .lost { color: #c93c3c; font-weight: 600; margin-left: auto }
header .refused { color: #c93c3c; min-width: 0; overflow-wrap: anywhere }
header .traces { white-space: nowrap }
header .viewing { margin-left: auto; padding: 2px 10px; border-radius: 10px; background: var(--chosen) }
section { min-width: 0; min-height: 0; display: flex; flex-direction: column; overflow: hidden }
section > h2, .tabs { font-size: 12px; font-weight: 600; letter-spacing: .02em; margin: 0; padding: 8px 12px; border-bottom: 1px solid var(--rule); color: var(--soft); display: flex; gap: 12px; align-items: center }
.timeline { border-right: 1px solid var(--rule); grid-row: 2 / 4 }
.cell { border-left: 1px solid var(--rule) }
.graph { position: relative }
.graph .canvas { position: relative; flex: 1; min-height: 0; background: var(--back) }
.below { grid-column: 2 / 4; border-top: 1px solid var(--rule) }
.scroll { overflow: auto; flex: 1; min-height: 0 }
ol, ul { list-style: none; margin: 0; padding: 0 }
button, select, input { font: inherit; color: inherit }
button { background: none; border: 1px solid var(--rule); border-radius: 6px; padding: 2px 9px; cursor: pointer }
button:hover { border-color: var(--accent) }
button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
input[type=search], select { border: 1px solid var(--rule); border-radius: 6px; padding: 3px 8px; background: var(--back) }
.row { display: block; width: 100%; text-align: left; border: 0; border-bottom: 1px solid var(--rule); border-radius: 0; padding: 7px 12px }
.row:hover, .row[aria-pressed=true] { background: var(--chosen) }
.row .title { display: flex; justify-content: space-between; font-weight: 600 }
.row .id, .id { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere }
.row .counts { color: var(--soft); font-size: 12px }
.bar { height: 3px; border-radius: 2px; margin-top: 4px; background: var(--rule); overflow: hidden; display: flex }
.bar i { display: block; height: 100% }
.bar .ran { background: #2f6fd0 } .bar .cut { background: #3f9a57 }
.toolbar { position: relative; display: flex; gap: 8px; align-items: center; padding: 6px 12px; border-bottom: 1px solid var(--rule); flex-wrap: wrap }
.legend { position: absolute; z-index: 2; bottom: 8px; left: 12px; display: flex; gap: 12px; color: var(--soft); font-size: 12px; pointer-events: none }
.found { position: absolute; z-index: 3; top: 100%; left: 12px; width: 420px; max-height: 320px; overflow: auto; background: var(--back); border: 1px solid var(--rule); border-radius: 8px; box-shadow: 0 8px 24px #0003 }
.found:empty { display: none }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px; background: var(--fill); border: 1.5px solid var(--line); margin-right: 5px; vertical-align: -1px }
.badge { display: inline-block; padding: 0 8px; border-radius: 9px; background: var(--fill); border: 1px solid var(--line); color: #1d2129; font-size: 12px }
.cell .body { padding: 10px 12px }
.cell h3 { font: 600 13px/1.4 ui-monospace, monospace; margin: 0 0 8px; overflow-wrap: anywhere }
.cell h4 { font-size: 12px; color: var(--soft); margin: 14px 0 4px }
.cell pre { font: 12px/1.5 ui-monospace, monospace; margin: 0; padding: 8px; background: var(--panel); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere }
.cell dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 8px 0 0 } dt { color: var(--soft) } dd { margin: 0; font-variant-numeric: tabular-nums }
.cell .row { padding: 3px 6px }
.tabs button { border: 0; padding: 0 2px; color: var(--soft) } .tabs button[aria-selected=true] { color: var(--text); border-bottom: 2px solid var(--accent); border-radius: 0 }
.tabs .filters { display: flex; gap: 10px; margin-left: auto; font-weight: 400; align-items: center } .tabs label { display: flex; gap: 4px; align-items: center }
table { border-collapse: collapse; width: 100%; font-size: 12px } td { padding: 2px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 420px }
td.soft { white-space: normal; overflow-wrap: anywhere; max-width: none; min-width: 180px; width: 100% } table .id { max-width: 340px }
tr[data-key] { cursor: pointer } tr[data-key]:hover { background: var(--chosen) } td.number { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft) }
.type { font-weight: 600 }
.empty { padding: 18px 14px; color: var(--soft) }
.chart { flex: 1; min-height: 0; padding: 6px 12px; overflow: hidden }
@container (max-width: 900px) {
  .inspector { display: flex; flex-direction: column; overflow: auto }
  header { flex-wrap: wrap; gap: 4px 14px }
  section { flex: none }
  .timeline { height: 190px; border-right: 0 }
  .graph { height: 380px; border-top: 1px solid var(--rule) }
  .cell { border-left: 0; border-top: 1px solid var(--rule) }
  .below { height: 360px }
  .tabs, .tabs .filters, .legend { flex-wrap: wrap }
  .found { right: 12px; width: auto }
  td { padding: 2px 8px } td.soft { white-space: nowrap }
}
${states}
`
