import workerpool from 'workerpool'
import { echo, fib, primes, squares, whoAmI } from '../work.mjs'

workerpool.worker({ echo, fib, primes, squares, whoAmI })
