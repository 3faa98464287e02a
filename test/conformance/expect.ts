import assert from 'node:assert/strict'

/** The error that the promise rejects with; fails if it fulfils, or with an error of another class. */
export async function failure<E>(kind: abstract new (...args: never[]) => E, promise: Promise<unknown>): Promise<E> {
  const outcome = await promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) assert.fail(`expected ${kind.name}, but it gave ${String(outcome.value)}`)
  const { error } = outcome
  if (!(error instanceof kind)) {
    throw new assert.AssertionError({
      message: `expected ${kind.name}, but it failed with ${describeError(error)}`,
      actual: error,
      expected: kind.name,
    })
  }
  return error
}

/** The code of the error that the promise rejects with, or `no error`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => String((error as { code?: unknown } | null)?.code ?? describeError(error)),
  )
}

/** Reads an async iterable to its end. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = []
  for await (const value of values) read.push(value)
  return read
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `a thrown ${String(error)}`
}
