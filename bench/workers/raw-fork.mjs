// A bare forked process on Node's own IPC channel.
import { kernels } from '../work.mjs'

process.on('message', ({ at, name, arg }) => {
  const value = kernels[name](arg)
  if (value instanceof Promise) void value.then(late => process.send({ at, value: late }))
  else process.send({ at, value })
})
process.on('disconnect', () => process.exit(0))
