import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { asset } from '../assets.ts'
import { Refusal, safeHeaders } from '../answers.ts'
import type { Asked, Route } from './context.ts'

/** The files of the page, by their paths below the base path. */
const files: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/assets/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/assets/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/assets/icon.svg': ['icon.svg', 'image/svg+xml'],
  '/api/openapi.json': ['openapi.json', 'application/json; charset=utf-8'],
}

/** The routes of the page and of the description of the API. */
export const fileRoutes: readonly Route[] = Object.entries(files).map(([path, [name, type]]) => ({
  method: 'GET' as const,
  path,
  answer: ({ request }: Asked) => fileAnswer(request, name, type),
}))

interface Packed {
  readonly plain: Buffer
  readonly zipped: Buffer
  readonly tag: string
}

const packed = new Map<string, Packed>()

function fileAnswer(request: Request, name: string, type: string): Response {
  const { plain, zipped, tag } = packedOf(name)
  const headers = {
    ...safeHeaders,
    'content-type': type,
    etag: tag,
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
  }
  if (request.headers.get('if-none-match') === tag) return new Response(null, { status: 304, headers })
  const isZipped = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  return new Response(new Uint8Array(isZipped ? zipped : plain), {
    headers: isZipped ? { ...headers, 'content-encoding': 'gzip' } : headers,
  })
}

function packedOf(name: string): Packed {
  let known = packed.get(name)
  if (known !== undefined) return known
  let plain: Buffer
  try {
    plain = asset(name)
  } catch (error) {
    throw new Refusal(500, 'no-page', `The page of the dashboard was not built: ${(error as Error).message}`)
  }
  const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 16)}"`
  known = { plain, zipped: gzipSync(plain, { level: 9 }), tag }
  packed.set(name, known)
  return known
}
