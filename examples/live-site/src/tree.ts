/** Folders and what stands in them. Plain functions of paths. */
import { folderOf, parentOf } from './urls.js'

export interface Children {
  readonly pages: string[]
  readonly folders: string[]
}

/** One line of a list of pages. */
export interface Entry {
  readonly key: string
  readonly label: string
  readonly order: number
}

/** Every folder with a page somewhere below it, and the root. */
export function growTree(paths: readonly string[]): Map<string, Children> {
  const folders = new Map<string, Children>([['', { pages: [], folders: [] }]])
  const grow = (folder: string): Children => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const grown: Children = { pages: [], folders: [] }
    folders.set(folder, grown)
    grow(parentOf(folder)).folders.push(folder)
    return grown
  }
  for (const path of paths) grow(folderOf(path)).pages.push(path)
  return folders
}

const { compare } = new Intl.Collator('en', { numeric: true })

/** By their order; those without one after them, by name. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => (a.order === b.order ? compare(a.key, b.key) : a.order - b.order))
}
