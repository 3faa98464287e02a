import { task } from '../../dist/index.js'

export const noop = task(import.meta, function noop(n) {
  return n
})
