import fc from 'fast-check'
import type { OutgoingMessage } from '#skein/celery/message.js'

/** Anything that a task may take. */
export const anyValue: fc.Arbitrary<unknown> = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withNullPrototype: false,
  maxDepth: 5,
})

/** An object of Celery's, which must not have the form of a tagged value. */
const json = fc.jsonValue({ maxDepth: 3 }).filter(value => !JSON.stringify(value).includes('__'))
const plain = { noNullPrototype: true }
const name = fc.stringMatching(/^[a-z]{1,8}$/)
const text = fc.string({ minLength: 1, unit: 'binary' }).filter(each => !/\p{Surrogate}/u.test(each))
/** Milliseconds of the years that Python knows. */
const time = fc.integer({ min: 0, max: 250_000_000_000_000 })
const length = fc.integer({ min: 0, max: 1_000_000_000 })
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

/** Any message that can be written, with each field there or not. */
export const anyMessage: fc.Arbitrary<OutgoingMessage> = fc
  .record({
    id: text,
    task: text,
    args: fc.array(anyValue, { maxLength: 4 }),
    kwargs: optional(fc.dictionary(name, json, plain)),
    kind: optional(fc.constantFrom('run' as const, 'stream' as const)),
    eta: optional(time),
    expires: optional(time),
    timeout: optional(length),
    retried: optional(fc.nat()),
    ignoreResult: optional(fc.boolean()),
    rootId: optional(text),
    parentId: optional(text),
    group: optional(text),
    groupIndex: optional(fc.nat()),
    shadow: optional(text),
    replaced: optional(fc.nat()),
    stamps: optional(fc.dictionary(name, json, { ...plain, minKeys: 1 })),
    stampedHeaders: optional(fc.array(name)),
    headers: optional(
      fc.dictionary(
        name.map(each => `x-${each}`),
        json,
        plain,
      ),
    ),
  })
  .map(fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never)
