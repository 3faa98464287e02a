import { Refusal } from '../answers.ts'

/** The largest body of a request, in bytes. */
const most = 1024 * 1024

/** The JSON object in the body of a request; an empty one where there is none. **Errors**: `Refusal`. */
export async function bodyOf(request: Request, fields: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get('content-type') ?? ''
  // A form of another page can send other types without being asked.
  if (!/^application\/json\b/i.test(type))
    throw new Refusal(415, 'wrong-request', 'The body must be JSON, with content-type: application/json.')
  const text = await textOf(request)
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw new Refusal(400, 'wrong-request', 'The body is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal(400, 'wrong-request', 'The body must be a JSON object.')
  const unknown = Object.keys(value).find(key => !fields.includes(key))
  if (unknown !== undefined)
    throw new Refusal(
      400,
      'wrong-request',
      `The body has a field ${unknown.slice(0, 40)} that means nothing here. It takes: ${fields.join(', ') || 'none'}`,
    )
  return value as Record<string, unknown>
}

async function textOf(request: Request): Promise<string> {
  if (request.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const piece of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > most) throw new Refusal(413, 'too-large', `The body may have ${most} bytes at most.`)
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/** A text in a body; undefined where there is none. */
export function textIn(body: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = body[field]
  if (value === undefined || typeof value === 'string') return value
  throw new Refusal(400, 'wrong-request', `${field} must be a string.`)
}

/** A list of ids in a body; undefined where there is none. */
export function idsIn(body: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const { ids } = body
  if (ids === undefined) return undefined
  if (Array.isArray(ids) && ids.length > 0 && ids.length <= mostIds && ids.every(isId)) return ids as string[]
  throw new Refusal(400, 'wrong-request', `ids must be a list of 1 to ${mostIds} ids of jobs.`)
}

const mostIds = 10_000

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1_000
}

/** A whole number in an address; the default where there is none. */
export function wholeIn(url: URL, name: string, least: number, most: number, usual: number): number {
  const text = url.searchParams.get(name)
  if (text === null) return usual
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value
  throw new Refusal(400, 'wrong-request', `${name} must be a whole number from ${least} to ${most}.`)
}
