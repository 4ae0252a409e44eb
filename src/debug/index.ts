export { describeValue } from '../index.js'
