/** Who may talk to an inspector: programs on this machine, and the inspector's own page. No other page in the browser, whatever name leads it here. */

export interface Asked {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site`, where the browser tells. */
  readonly site: string | undefined
  /** The page itself and its files, which hold nothing of the database: a link may lead there. */
  readonly isPage: boolean
}

/** The names a server on a loopback address answers to. */
export function hostsOf(port: number): ReadonlySet<string> {
  return new Set(['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`))
}

/** Why a request is refused; null where it is not. */
export function refusalOf({ method, host, origin, site, isPage }: Asked, hosts: ReadonlySet<string>): string | null {
  if (host === undefined || !hosts.has(host)) return 'The inspector answers to its own address only.'
  if (origin !== undefined && !hosts.has(origin.replace(/^http:\/\//, ''))) return 'Only the inspector’s own page may ask.'
  if (!isPage && site !== undefined && site !== 'same-origin' && site !== 'none') return 'Only the inspector’s own page may ask.'
  if (method !== 'GET' && origin === undefined) return 'A change must say which page asks for it.'
  return null
}
