import { InvalidArgumentError } from '../errors/errors.ts'
import { checkBody } from './options.ts'
import { type Services, stepAsk } from './services.ts'

/** The part of a scope that its steps need. */
interface StepScope<S> {
  scope<T>(body: (s: S) => T | Promise<T>, options: { readonly name: string }): Promise<T>
  wait<T>(promise: PromiseLike<T>): Promise<T>
}

/** `s.step`: runs a part of a durable call, or returns what an earlier attempt has got from it. */
export async function runStep<T, S>(
  scope: StepScope<S>,
  services: Services | undefined,
  name: string,
  body: (s: S) => T | Promise<T>,
): Promise<T> {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      `s.step needs a name as its first argument, the same in every attempt, got ${String(name)}: s.step('charge', s => …)`,
    )
  }
  checkBody(body, `s.step('${name}', …)`)
  const ask = services?.ask
  if (services === undefined || ask === undefined) return scope.scope(body, { name })
  const begun = (services.begun ??= new Set())
  if (begun.has(name)) {
    throw new InvalidArgumentError(
      `The step '${name}' was begun twice in one attempt. A step is known by its name alone, so give each its own, ` +
        `in a loop for instance \`${name} \${index}\`.`,
    )
  }
  begun.add(name)
  const kept = (await scope.wait(ask(stepAsk.get, name))) as { readonly value: T } | undefined
  if (kept !== undefined) return kept.value
  const working = (services.working ??= new Set())
  working.add(name)
  try {
    const value = await scope.scope(body, { name })
    await scope.wait(ask(stepAsk.put, { name, value }))
    return value
  } finally {
    working.delete(name)
  }
}
