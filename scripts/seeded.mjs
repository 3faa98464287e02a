// Loaded before a test file (node --import) by scripts/seeds.mjs: everything in its process that has no fixed order and no
// fixed data takes them from the seed in SKEIN_SEED. What skein wakes at the same moment goes on in an order of the seed,
// and so do the random inputs of fast-check and of `shuffled`.
import fc from 'fast-check'
import { ready } from '../build/modules/core/time/ready.js'
import { seededOrder } from '../build/modules/testing/order.js'

const seed = Number(process.env.SKEIN_SEED)
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
ready.shuffleWith(seededOrder(seed))
