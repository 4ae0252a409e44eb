/** Files on a disk, for those who want the port itself: paths are understood everywhere without it. Node only. */
export { FilePort } from './ports/node.js'
