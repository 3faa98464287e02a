// Worker of piscina and tinypool: they call exported functions by name.
export { echo, fib, primes, squares, whoAmI } from '../work.mjs'
