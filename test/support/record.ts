export { record, type Recording } from 'pebre/testing'
