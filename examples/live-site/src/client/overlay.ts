/** What lies over the page when it cannot be shown, or when nobody is there to tell of changes. */

export interface Failure {
  readonly page: string
  readonly message: string
  readonly way: readonly string[]
}

type Kind = 'failure' | 'offline'

const name = 'live-overlay'

const style = `
  :host { color-scheme: dark; font: 15px/1.6 system-ui, sans-serif; }
  .failure { position: fixed; inset: 0; z-index: 2147483647; overflow: auto; padding: 8vh 5vw; background: rgb(16 18 24 / 88%); backdrop-filter: blur(3px); color: #e8eaf0; }
  .failure > div { max-width: 52rem; margin: 0 auto; padding: 1.5rem 2rem 2rem; border-radius: 10px; border-top: 4px solid #ff6b6b; background: #1c1f29; box-shadow: 0 20px 60px rgb(0 0 0 / 50%); }
  h1 { margin: 0 0 1rem; font-size: 1.15rem; color: #ff8e8e; }
  pre { margin: 0; padding: 1rem; border-radius: 6px; overflow: auto; white-space: pre-wrap; background: #12141b; font: 13px/1.6 ui-monospace, monospace; }
  p { margin: 1rem 0 0; color: #9aa1b2; font-size: .85rem; }
  .offline { position: fixed; right: 1rem; bottom: 1rem; z-index: 2147483646; padding: .35rem .8rem; border-radius: 99px; background: #1c1f29; color: #c9cedb; font-size: .8rem; box-shadow: 0 4px 20px rgb(0 0 0 / 30%); }
  .offline::before { content: ''; display: inline-block; width: .5rem; height: .5rem; margin-right: .5rem; border-radius: 50%; background: #ffb454; }
`

export function isOverlay(node: Node): boolean {
  return node instanceof Element && node.localName === name
}

export function hideOverlay(kind: Kind): void {
  document.querySelector(`${name}[kind="${kind}"]`)?.remove()
}

export function showFailure({ page, message, way }: Failure): void {
  show('failure', [
    element('h1', `${page || 'This page'} cannot be shown`),
    element('pre', message),
    element('p', `${way.join(' → ')}. This goes away when the file is right again.`),
  ])
}

export function showOffline(): void {
  show('offline', [document.createTextNode('The site has stopped; waiting for it')])
}

/** In a shadow root, so that neither the page nor its style sheet meets it. */
function show(kind: Kind, content: readonly Node[]): void {
  hideOverlay(kind)
  const host = document.createElement(name)
  host.setAttribute('kind', kind)
  const root = host.attachShadow({ mode: 'open' })
  const sheet = element('style', style)
  const frame = document.createElement('div')
  frame.className = kind
  frame.setAttribute('role', 'alert')
  if (kind === 'failure') {
    const box = document.createElement('div')
    box.append(...content)
    frame.append(box)
  } else frame.append(...content)
  root.append(sheet, frame)
  document.documentElement.append(host)
}

function element(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}
