/** From what callers name a place with to a port. @throws InvalidDefinitionError */
import { InvalidDefinitionError } from '../../index.js'
import { hasMethods } from '../../core/check.js'
import { guardPort } from './guard.js'
import type { Port } from './port.js'

/** One file: a path on disk (Node only), or a name in a port. */
export type FilePlace = string | { readonly port: Port; readonly name: string }

/** A folder: a path on disk (Node only), or a port. */
export type FolderPlace = string | Port

/** A file in a guarded port; `close` gives back what was opened for it. */
export interface OpenFile {
  readonly port: Port
  readonly name: string
}

const methods = ['read', 'write', 'append', 'sync', 'truncate', 'size', 'list', 'remove', 'rename', 'lock', 'close'] as const satisfies readonly (keyof Port)[]

const isPort = (value: unknown): value is Port => typeof value === 'object' && value !== null && hasMethods(value, methods)

/** An empty path would be the folder one happens to be in. */
function checkPath(path: string, what: string): void {
  if (path === '') throw new InvalidDefinitionError(`The path of ${what} is empty. Name one; '.' is the present folder.`)
}

export async function openFile(place: FilePlace): Promise<OpenFile> {
  if (typeof place !== 'string') {
    const { port, name } = (place ?? {}) as Partial<typeof place>
    if (!isPort(port) || typeof name !== 'string') throw new InvalidDefinitionError('The place must be the path of a file, or { port, name }.')
    return { port: guardPort(port), name }
  }
  checkPath(place, 'the file')
  const { FilePort, splitPath } = await import('./node.js')
  const { folder, name } = splitPath(place)
  return { port: guardPort(new FilePort(folder)), name }
}

export async function openFolder(place: FolderPlace): Promise<Port> {
  if (typeof place !== 'string') {
    if (!isPort(place)) throw new InvalidDefinitionError('The place must be the path of a folder, or a port.')
    return guardPort(place)
  }
  checkPath(place, 'the folder')
  // Loaded here alone, so that nothing of Node is needed where paths are not used.
  const { FilePort } = await import('./node.js')
  return guardPort(new FilePort(place))
}
