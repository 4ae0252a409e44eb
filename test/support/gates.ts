export { flush, type Gate, gate } from 'pebre/testing'
