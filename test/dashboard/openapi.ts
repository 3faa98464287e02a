import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { root } from '../support/paths.ts'

interface Operation {
  readonly operationId: string
  readonly 'x-right'?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>> }>
  >
}

/** The description of the API, as it lies in the repository. */
export const openapi = JSON.parse(readFileSync(join(root, 'src/dashboard/assets/openapi.json'), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: object
}

const ajv = new Ajv2020({ allErrors: true, strict: false, formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } })
ajv.addSchema({ $id: 'api', components: openapi.components })
const checks = new Map<string, ValidateFunction>()

/** Throws where a value is not of the form that the description gives it. */
function checkForm(reference: string, value: unknown): void {
  let check = checks.get(reference)
  if (check === undefined) checks.set(reference, (check = ajv.compile({ $ref: `api${reference}` })))
  assert.ok(check(value), `${reference}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value).slice(0, 2_000)}`)
}

/** The operation of a path, with the pattern that it has in the description. */
function operationOf(method: string, path: string): { readonly pattern: string; readonly operation: Operation } {
  const parts = path.split('/')
  for (const [pattern, methods] of Object.entries(openapi.paths)) {
    const names = pattern.split('/')
    const operation = methods[method.toLowerCase()]
    const fits = names.length === parts.length && names.every((name, at) => name.startsWith('{') || name === parts[at])
    if (fits && operation !== undefined) return { pattern, operation }
  }
  throw new Error(`${method} ${path} is not in the description`)
}

/** Throws where an answer is not what the description says of it. */
export async function checkAnswer(method: string, path: string, response: Response): Promise<void> {
  const { pattern, operation } = operationOf(method, path)
  const described = operation.responses[String(response.status)] ?? operation.responses['default']
  assert.ok(described, `${method} ${pattern} is not described with status ${response.status}`)
  const type = (response.headers.get('content-type') ?? '').split(';')[0] as string
  const reference = described.content?.[type]?.schema.$ref
  assert.ok(described.content?.[type], `${method} ${pattern} is not described with the type ${type}`)
  if (reference === undefined) return
  const text = await response.text()
  if (type === 'application/x-ndjson') {
    const lines = text.trimEnd().split('\n')
    assert.ok(lines.length > 0)
    for (const line of lines) checkForm(reference, JSON.parse(line))
  } else checkForm(reference, JSON.parse(text))
}
