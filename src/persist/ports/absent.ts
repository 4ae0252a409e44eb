/** What stands in the place of `node.js` where there is no Node. */
import { PebreError } from '../../index.js'

/** Refuses: a path of a file means nothing here. */
export function FilePort(folder: string): never {
  throw new PebreError(`"${folder}" is a path, and there are no files here. Give a port, such as an IndexedDbPort.`)
}

export function splitPath(path: string): { folder: string; name: string } {
  return { folder: path, name: path }
}
