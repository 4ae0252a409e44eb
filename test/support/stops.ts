export { Stops } from 'pebre/testing'
