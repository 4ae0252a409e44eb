/** One colour a library, in all charts. */
const colors: Readonly<Record<string, string>> = {
  pebre: '#d62728', 'pebre keyed': '#f29b9b', 'alien-signals': '#1f77b4', reactively: '#2ca02c', preact: '#9467bd', mobx: '#ff7f0e',
  rxjs: '#e377c2', jotai: '#222222', nanostores: '#17a2b8', reatom: '#bcbd22', effect: '#8c564b', tanstack: '#b8860b',
  'bare map': '#7f7f7f', stamps: '#1f77b4', 'immutable map': '#2ca02c', 'copied map': '#7f7f7f',
}

export const colorOf = (peer: string): string => colors[peer] ?? '#444444'
