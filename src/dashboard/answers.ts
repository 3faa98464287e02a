import { toJson } from '../inspect/to-json.ts'

/** A request that cannot be done as it is: the status of its answer, a word for programs, and the reason for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** The headers of every answer. A page of somebody else can neither frame this one nor read from it. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

const apiHeaders: Readonly<Record<string, string>> = { ...safeHeaders, 'cache-control': 'no-store' }

/** A value as the answer. */
export function answer(value: unknown, status: number = 200): Response {
  return answerText(toJson(value), status)
}

/** JSON as the answer. */
export function answerText(text: string, status: number = 200): Response {
  return new Response(text, {
    status,
    headers: { ...apiHeaders, 'content-type': 'application/json; charset=utf-8' },
  })
}

/** The answer to a request that cannot be done. */
export function refusal({ status, code, message, headers }: Refusal): Response {
  return new Response(JSON.stringify({ error: { code, message } }), {
    status,
    headers: { ...apiHeaders, ...headers, 'content-type': 'application/json; charset=utf-8' },
  })
}

/** An answer that is written piece by piece. */
export function streamed(body: ReadableStream<Uint8Array>, type: string): Response {
  // A proxy that gathers what it hands on would hold it back.
  return new Response(body, { headers: { ...apiHeaders, 'content-type': type, 'x-accel-buffering': 'no' } })
}

/** Codes of errors that a request can bring about, with their status. */
const statuses: Readonly<Record<string, number>> = {
  SKEIN_INVALID_ARGUMENT: 400,
  SKEIN_UNSENDABLE: 400,
  SKEIN_JOB_GONE: 404,
  SKEIN_SCHEDULE_GONE: 404,
  SKEIN_DUPLICATE_JOB: 409,
  SKEIN_LIMIT_REACHED: 409,
  SKEIN_SCHEDULE_RULE: 409,
  SKEIN_STORE_REFUSED: 413,
  SKEIN_STORE_UNSUPPORTED: 501,
  SKEIN_STORE_UNAVAILABLE: 503,
  SKEIN_STORE_LOCKED: 503,
  SKEIN_STORE_FULL: 503,
  SKEIN_STORE_READ_ONLY: 503,
  SKEIN_CLOSED: 503,
}

/** Whatever has gone wrong, as a refusal. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  const text = typeof message === 'string' ? message : String(error)
  const known = typeof code === 'string' && code.startsWith('SKEIN_') ? code : undefined
  if (known === undefined) return new Refusal(500, 'failed', `The dashboard could not do that: ${text}`)
  return new Refusal(statuses[known] ?? 500, known, text)
}
