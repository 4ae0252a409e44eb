/** Graphs as text for Graphviz and Mermaid. Names and arguments may hold anything. */
import type { DebugState } from '../index.js'
import type { GraphEdge, GraphNode } from './graph-node.js'

interface Drawn {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

const colours: Readonly<Record<DebugState, string>> = {
  ready: '#e3f4e1', failed: '#f9d6d5', dirty: '#fbe3b5', maybe: '#fdf3d7', running: '#d6e6fb', new: '#eeeeee', absent: '#eeeeee',
}

const longest = 200

/** Text as it can be shown: control characters, halves of surrogate pairs and what XML does not know by their number, cut where it is long. */
function visible(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
  return shown.replaceAll(/[\p{Cc}\u2028\u2029\uFFFE\uFFFF]|\p{Surrogate}/gu, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** Inside quotes, Graphviz takes backslashes for escapes and ampersands for HTML entities. */
function quoted(text: string): string {
  return `"${visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;')}"`
}

export function renderDot({ nodes, edges }: Drawn): string {
  const lines = ['digraph pebre {', '  rankdir=LR', '  node [fontname="Helvetica", fontsize=10, style=filled]', '  edge [color="#888888"]']
  for (const { key, id, isInput, state, isWatched } of nodes) {
    lines.push(`  ${key} [label=${quoted(id)}, shape=${isInput ? 'box' : 'ellipse'}, fillcolor="${colours[state]}"${isWatched ? ', penwidth=2' : ''}]`)
  }
  for (const { from, to } of edges) lines.push(`  ${from.key} -> ${to.key}`)
  return `${lines.join('\n')}\n}\n`
}

/** Mermaid reads `#65;` as a character: everything that might mean something is written so. */
function entities(text: string): string {
  return visible(text).replaceAll(/[^\w ./:,-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`)
}

export function renderMermaid({ nodes, edges }: Drawn): string {
  const lines = ['flowchart LR']
  for (const { key, id, isInput, state } of nodes) {
    const label = `"${entities(id)}"`
    lines.push(`  ${key}${isInput ? `[${label}]` : `(${label})`}:::${state}`)
  }
  for (const { from, to } of edges) lines.push(`  ${from.key} --> ${to.key}`)
  for (const state of new Set(nodes.map((node) => node.state))) lines.push(`  classDef ${state} fill:${colours[state]}`)
  return `${lines.join('\n')}\n`
}
