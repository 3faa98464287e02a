// Worker of piscina and tinypool: they call exported functions by name.
export { echo, fib, lengthOf, primes, squares, turns, whoAmI } from '../work.mjs'
