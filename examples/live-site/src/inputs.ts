/** What the site is made of: the files of a folder, and how it was started. */
import { input } from 'pebre'
import { defaultTemplate } from './template.js'

/** The text of a Markdown file. Paths are relative to the root, with slashes. */
export const file = input<[path: string], string>('file', { required: true })

/** The fingerprint of any other file. */
export const asset = input<[path: string], string>('asset')

/** The frame around every page: `template.html` of the folder, if there is one. */
export const template = input<[], string>('template', { initial: defaultTemplate })

export interface Settings {
  /** What the site is called if its first page does not say. */
  readonly name: string
  /** Raw HTML in Markdown is kept as HTML. */
  readonly html: boolean
  /** Addresses are names of files, for a site that is written to disk. */
  readonly static: boolean
}

export const settings = input<[], Settings>('settings', { initial: { name: 'Site', html: false, static: false } })
