import { current, task } from 'skein'

export const double = task(import.meta, (n: number) => n * 2, { name: 'double' })

export const fail = task(
  import.meta,
  (): never => {
    throw new TypeError('on purpose')
  },
  { name: 'fail' },
)

export const untilCancelled = task(import.meta, () => current().sleep('1h'), { name: 'untilCancelled' })

/** Ends the worker that it runs in. */
export const die = task(import.meta, (): never => process.exit(3), { name: 'die' })
