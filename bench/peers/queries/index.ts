/** The libraries for asynchronous queries, ours first, and the floors at the end. Each is loaded only where it is measured. */
import type { QueryPeer } from '../../queries/store.js'

type AnyPeer = QueryPeer<never, never, never>

const load = (peer: object): AnyPeer => peer as AnyPeer

export const queryPeers: Readonly<Record<string, () => Promise<AnyPeer>>> = {
  pebre: async () => load((await import('./pebre.js')).pebre),
  mobx: async () => load((await import('./mobx.js')).mobx),
  nanostores: async () => load((await import('./nanostores.js')).nanostores),
  jotai: async () => load((await import('./jotai.js')).jotai),
  reatom: async () => load((await import('./reatom.js')).reatom),
  rxjs: async () => load((await import('./rxjs.js')).rxjs),
  effect: async () => load((await import('./effect.js')).effect),
  tanstack: async () => load((await import('./tanstack.js')).tanstack),
  'bare map': async () => load((await import('./bare-map.js')).bareMap),
  stamps: async () => load((await import('./stamps.js')).stamps),
}
