// A bare forked process on Node's own IPC channel.
import { kernels } from '../work.mjs'

process.on('message', ({ at, name, arg }) => process.send({ at, value: kernels[name](arg) }))
process.on('disconnect', () => process.exit(0))
