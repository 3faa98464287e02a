// Worker of piscina and tinypool: they call exported functions by name.
export { compute, echo, fib, hold, lengthOf, primes, squares, whoAmI } from '../work.mjs'
