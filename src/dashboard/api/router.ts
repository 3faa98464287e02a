import { Refusal } from '../answers.ts'
import type { Route } from './context.ts'

/** A route, and what its names stand for. */
export interface Routed {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/**
 * Finds the route of a request.
 *
 * @param path below the base path
 * **Errors**: `Refusal` for a path that there is not, for a method that it does not have, and for a path that cannot be read.
 */
export function routed(routes: readonly Route[], method: string, path: string): Routed {
  const parts = path.split('/').map(decoded)
  const others = new Set<string>()
  for (const route of routes) {
    const params = matched(route.path, parts)
    if (params === undefined) continue
    // A HEAD is answered as a GET, without its body.
    if (route.method === (method === 'HEAD' ? 'GET' : method)) return { route, params }
    others.add(route.method)
  }
  if (others.size === 0) throw new Refusal(404, 'not-found', 'There is nothing at this address. See api/openapi.json.')
  const allow = [...others].join(', ')
  throw new Refusal(405, 'wrong-method', `This address takes ${allow} alone.`, { allow })
}

function matched(pattern: string, parts: readonly string[]): Record<string, string> | undefined {
  const names = pattern.split('/')
  if (names.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [at, name] of names.entries()) {
    const part = parts[at] as string
    if (!name.startsWith('{')) {
      if (name !== part) return undefined
    } else if (part === '') return undefined
    else params[name.slice(1, -1)] = part
  }
  return params
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Refusal(400, 'wrong-request', 'The address has a % that stands for nothing.')
  }
}
