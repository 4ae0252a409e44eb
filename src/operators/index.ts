export { failures } from './failures.js'
export { ofType } from './of-type.js'
export { values } from './values.js'
