import { task } from '../../dist/index.js'

export const wordsIn = text => text.toLowerCase().match(/[a-z]+/g) ?? []
export const words = task(import.meta, wordsIn, { name: 'words' })
export const addPrice = task(import.meta, (sum, sale) => sum + sale.price, { name: 'addPrice' })
export const add = task(import.meta, (a, b) => a + b, { name: 'add' })
