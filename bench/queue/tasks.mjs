import { task } from '../../dist/index.js'

export const noop = task(import.meta, function noop(n) {
  return n
})

export const total = task(import.meta, function total(numbers) {
  return numbers.reduce((a, b) => a + b, 0)
})
