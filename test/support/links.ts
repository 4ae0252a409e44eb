/** Links and headings of a Markdown page, as GitHub reads them. */

export interface Link {
  readonly line: number
  readonly target: string
}

/** The lines of a page that are prose: none of fenced code. Empty lines stand in for what is left out. */
function proseOf(markdown: string): string[] {
  let mark = ''
  return markdown.split('\n').map((line) => {
    const fence = /^\s*(`{3,})(.*)$/.exec(line)
    const isEdge = fence !== null && (mark === '' || ((fence[1] ?? '').length >= mark.length && fence[2]?.trim() === ''))
    if (isEdge) mark = mark === '' ? (fence[1] ?? '') : ''
    return isEdge || mark !== '' ? '' : line
  })
}

/** Links and images; not those to other sites. */
export function linksOf(markdown: string): Link[] {
  return proseOf(markdown).flatMap((text, index) => {
    const found = text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]*)[^)]*\)/g)
    return [...found].map(([, target = '']) => ({ line: index + 1, target })).filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
  })
}

/** What can stand behind the `#` of a link to the page. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const line of proseOf(markdown)) {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    if (heading === undefined) continue
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    let free = anchor
    for (let count = 1; anchors.has(free); count++) free = `${anchor}-${count}`
    anchors.add(free)
  }
  return anchors
}
