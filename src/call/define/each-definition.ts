import { describe } from '../../core/errors/checks.ts'
import { define, definitionOf, type StandardResult, type StandardSchema } from './definition.ts'
import type { AnyFunction } from './identity.ts'

/** Gives the function that runs a task for each item of a list what the definition of the task says of one item. */
export function defineEach(each: AnyFunction, item: AnyFunction): void {
  const { input, output, retryIf } = definitionOf(item) ?? {}
  const first = input?.[0]
  define(each, {
    ...(first === undefined ? {} : { input: listOf(first) }),
    ...(output === undefined ? {} : { output: listOf(output) }),
    ...(retryIf === undefined ? {} : { retryIf }),
  })
}

/** The schema of a list of which each item fits a schema. Answers at once if that does. */
function listOf(item: StandardSchema): StandardSchema<unknown[]> {
  return {
    '~standard': {
      version: 1,
      vendor: 'skein',
      validate: items => {
        if (!Array.isArray(items)) return { issues: [{ message: `must be an array of items, got ${describe(items)}` }] }
        const results = items.map(value => item['~standard'].validate(value))
        const isLate = results.some(result => result instanceof Promise)
        return isLate
          ? Promise.all(results.map(async result => result)).then(joined)
          : joined(results as StandardResult<unknown>[])
      },
    },
  }
}

function joined(results: readonly StandardResult<unknown>[]): StandardResult<unknown[]> {
  const issues = results.flatMap((result, at) =>
    (result.issues ?? []).map(({ message, path = [] }) => ({ message, path: [at, ...path] })),
  )
  if (issues.length > 0) return { issues }
  return { value: results.map(result => (result.issues === undefined ? result.value : undefined)) }
}
