import { ThreadWorker } from 'poolifier'
import { kernels } from '../work.mjs'

export const worker = new ThreadWorker(kernels)
