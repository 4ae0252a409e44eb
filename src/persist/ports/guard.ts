/** Ports are other people's code, and what they stand on fails: everything they reject with becomes one of our errors, here. */
import { PebreError } from '../../index.js'
import { type PortOperation, StorageError } from './errors.js'
import type { Port } from './port.js'

/** The same port, whose failures are `StorageError`s. Names are checked. */
export function guardPort(port: Port): Port {
  return {
    read: (name, offset, length) => guarded('read', name, () => port.read(name, offset, length)),
    write: (name, chunks) => guarded('write', name, () => port.write(name, chunks)),
    append: (name, bytes) => guarded('append', name, () => port.append(name, bytes)),
    sync: (name) => guarded('sync', name, () => port.sync(name)),
    truncate: (name, length) => guarded('truncate', name, () => port.truncate(name, length)),
    size: (name) => guarded('size', name, () => port.size(name)),
    list: () => guarded('list', '', () => port.list()),
    remove: (name) => guarded('remove', name, () => port.remove(name)),
    rename: (from, to) => guarded('rename', from, () => port.rename(from, to)),
    lock: () => guarded('lock', '', () => port.lock()),
    close: () => guarded('close', '', () => port.close()),
  }
}

async function guarded<T>(operation: PortOperation, name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw cause instanceof PebreError ? cause : new StorageError(operation, name, cause)
  }
}
