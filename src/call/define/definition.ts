import { InvalidArgumentError, ValidationError, type ValidationIssue } from '../../core/errors/errors.ts'
import { describe } from '../../core/errors/checks.ts'
import { shared } from '../../core/shared.ts'
import type { AnyFunction } from './identity.ts'

/**
 * A schema of any library that keeps to Standard Schema 1 (standardschema.dev): Zod, Valibot, ArkType and many more.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** The answer of a schema: the value, perhaps changed, or what is wrong with it. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/** A schema for the first argument, or a list of them, one for each argument (`undefined` for one that is not checked). */
export type InputSchemas<A extends readonly unknown[]> =
  | { readonly [K in keyof A]: StandardSchema<A[K]> | undefined }
  | (A extends readonly [(infer First)?, ...unknown[]] ? StandardSchema<First> : never)

/** The definition of a task beside its function, for the places where its calls come from outside of the program. */
export interface TaskDefinition {
  readonly input: readonly (StandardSchema | undefined)[] | undefined
  readonly output: StandardSchema | undefined
  /** Says whether an error is worth another attempt. */
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | undefined
}

const definitions: WeakMap<AnyFunction, TaskDefinition> = /* @__PURE__ */ shared('definitions', () => new WeakMap())

/** The definition of a task beside its function; undefined where there is none. `fn` is the bare function. */
export function definitionOf(fn: AnyFunction): TaskDefinition | undefined {
  return definitions.get(fn)
}

/** Keeps the definition of a task. Errors: `SKEIN_INVALID_ARGUMENT` for anything but a schema. */
export function define(
  fn: AnyFunction,
  options: { readonly input?: unknown; readonly output?: unknown; readonly retryIf?: unknown },
): void {
  const { input, output, retryIf } = options
  if (input === undefined && output === undefined && retryIf === undefined) return
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw new InvalidArgumentError(`retryIf must be a function (error, attempt) => boolean, got ${describe(retryIf)}`)
  }
  definitions.set(fn, {
    input: input === undefined ? undefined : schemasOf(input),
    output: output === undefined ? undefined : schemaOf(output, 'output'),
    retryIf: retryIf as TaskDefinition['retryIf'],
  })
}

function schemasOf(input: unknown): readonly (StandardSchema | undefined)[] {
  if (!Array.isArray(input)) return [schemaOf(input, 'input')]
  return input.map((each: unknown, at) => (each === undefined ? undefined : schemaOf(each, `input[${at}]`)))
}

function schemaOf(value: unknown, option: string): StandardSchema {
  // Schemas of some libraries are functions.
  const standard = (
    (typeof value === 'object' && value !== null) || typeof value === 'function'
      ? (value as Partial<StandardSchema>)['~standard']
      : undefined
  ) as StandardSchema['~standard'] | undefined
  if (standard?.version === 1 && typeof standard.validate === 'function') return value as StandardSchema
  throw new InvalidArgumentError(
    `${option} must be a schema that keeps to Standard Schema 1, as those of Zod, Valibot and ArkType do, got ${describe(value)}`,
  )
}

/**
 * Checks arguments against the schemas of a task, and returns those that the function is to be called with.
 *
 * Answers at once where the schemas do. **Errors**: `SKEIN_VALIDATION` with what the schemas found.
 */
export function checkArguments(
  schemas: readonly (StandardSchema | undefined)[],
  task: string,
  args: readonly unknown[],
): readonly unknown[] | Promise<readonly unknown[]> {
  const checked: unknown[] = [...args]
  const waits: Promise<void>[] = []
  const issues: ValidationIssue[] = []
  for (const [at, schema] of schemas.entries()) {
    if (!schema) continue
    const take = (result: StandardResult<unknown>): void => {
      if (result.issues) issues.push(...issuesOf(result, [at]))
      else if (at < args.length || result.value !== undefined) checked[at] = result.value
    }
    const result = schema['~standard'].validate(args[at])
    if (result instanceof Promise) waits.push(result.then(take))
    else take(result)
  }
  const conclude = (): readonly unknown[] => {
    if (issues.length > 0) throw invalid(`The arguments of task ${task}`, issues, 'argument')
    return checked
  }
  return waits.length === 0 ? conclude() : Promise.all(waits).then(conclude)
}

/** Checks a result against the schema of a task, and returns the one that is to be kept. **Errors**: `SKEIN_VALIDATION`. */
export function checkResult(schema: StandardSchema, task: string, value: unknown): unknown {
  const conclude = (result: StandardResult<unknown>): unknown => {
    if (result.issues) throw invalid(`The result of task ${task}`, issuesOf(result, []), 'result')
    return result.value
  }
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(conclude) : conclude(result)
}

function issuesOf(
  { issues = [] }: { readonly issues?: (StandardResult<unknown> & object)['issues'] },
  before: readonly number[],
): ValidationIssue[] {
  return issues.map(({ message, path = [] }) => ({
    message,
    path: [
      ...before,
      ...path.map(step => {
        const key = typeof step === 'object' ? step.key : step
        return typeof key === 'number' ? key : String(key)
      }),
    ],
  }))
}

function invalid(what: string, issues: readonly ValidationIssue[], word: string): ValidationError {
  const shown = issues.slice(0, 5).map(({ message, path }) => {
    const [first, ...rest] = path
    const root =
      word === 'argument' ? `argument ${String(first)}` : [word, first].filter(part => part !== undefined).join('.')
    return `${[root, ...rest].join('.')}: ${message}`
  })
  const more = issues.length > shown.length ? `; and ${issues.length - shown.length} more` : ''
  return new ValidationError(
    `${what} do${word === 'result' ? 'es' : ''} not fit its schema. ${shown.join('; ')}${more}`,
    { issues },
  )
}
