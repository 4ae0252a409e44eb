/** From what callers name a place with to a port. @throws InvalidDefinitionError */
import { InvalidDefinitionError } from '../../index.js'
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

export async function openFile(place: FilePlace): Promise<OpenFile> {
  if (typeof place !== 'string') {
    const { port, name } = (place ?? {}) as Partial<typeof place>
    if (typeof port !== 'object' || port === null || typeof name !== 'string') throw new InvalidDefinitionError('The place must be the path of a file, or { port, name }.')
    return { port: guardPort(port), name }
  }
  const { FilePort, splitPath } = await import('./node.js')
  const { folder, name } = splitPath(place)
  return { port: guardPort(new FilePort(folder)), name }
}

export async function openFolder(place: FolderPlace): Promise<Port> {
  if (typeof place !== 'string') {
    if (typeof place !== 'object' || place === null) throw new InvalidDefinitionError('The place must be the path of a folder, or a port.')
    return guardPort(place)
  }
  // Loaded here alone, so that nothing of Node is needed where paths are not used.
  const { FilePort } = await import('./node.js')
  return guardPort(new FilePort(place))
}
