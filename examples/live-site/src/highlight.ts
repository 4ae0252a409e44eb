/** Colours for code. The library is big, so it is loaded with the first block. */

const themes = { light: 'github-light', dark: 'github-dark' } as const

/** A block of code as HTML, with colours for both modes; plain where the language is not known. */
export async function highlight(language: string, code: string): Promise<string> {
  const shiki = await import('shiki')
  const name = language.toLowerCase()
  const lang = Object.hasOwn(shiki.bundledLanguages, name) ? name : 'text'
  return shiki.codeToHtml(code.replace(/\n$/, ''), { lang, themes, defaultColor: false })
}
