/** As much of SVG as the charts need. */
type Attributes = Readonly<Record<string, string | number>>

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(typeof value === 'number' ? String(Number(value.toFixed(1))) : value)}"`)
  return children.length === 0 ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${children.join('')}</${name}>`
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escape(content))
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return element('line', { x1, y1, x2, y2, stroke })
}

/** A whole picture on white, so that it can be read on a dark page too. */
export function picture(width: number, height: number, title: string, children: readonly string[]): string {
  const style = { 'font-family': 'system-ui, sans-serif', 'font-size': 12, fill: '#222' }
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', ...style }
  const ground = element('rect', { width, height, fill: '#fff' })
  return `${element('svg', attributes, element('title', {}, escape(title)), `\n${ground}\n`, `${children.join('\n')}\n`)}\n`
}

const escape = (raw: string): string => raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
