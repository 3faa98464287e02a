import { ThreadWorker } from 'poolifier'
import { echo, fib, primes, squares, whoAmI } from '../work.mjs'

export const worker = new ThreadWorker({ echo, fib, primes, squares, whoAmI })
