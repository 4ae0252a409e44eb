/** The synchronous libraries, ours first. Each is loaded only where it is measured. */
import type { Peer } from '../../shapes/graph.js'

type AnyPeer = Peer<never, never>

const load = (peer: object): AnyPeer => peer as AnyPeer

export const signalPeers: Readonly<Record<string, () => Promise<AnyPeer>>> = {
  pebre: async () => load((await import('./pebre.js')).pebre),
  'pebre keyed': async () => load((await import('./pebre-keyed.js')).pebreKeyed),
  'alien-signals': async () => load((await import('./alien-signals.js')).alienSignals),
  reactively: async () => load((await import('./reactively.js')).reactively),
  preact: async () => load((await import('./preact.js')).preact),
  mobx: async () => load((await import('./mobx.js')).mobx),
  rxjs: async () => load((await import('./rxjs.js')).rxjs),
  jotai: async () => load((await import('./jotai.js')).jotai),
}
