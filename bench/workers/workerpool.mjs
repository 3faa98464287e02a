import workerpool from 'workerpool'
import { kernels } from '../work.mjs'

workerpool.worker(kernels)
