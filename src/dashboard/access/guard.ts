import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { Refusal, safeHeaders } from '../answers.ts'
import type { DashboardOptions } from '../options.ts'
import { type DashboardAction, dashboardActions, type DashboardVisitor } from '../rights.ts'
import { isLocalName, nameOf } from './hosts.ts'

/** Somebody who was let in, and what is allowed. */
export interface Admitted {
  readonly name?: string
  readonly may: ReadonlySet<DashboardAction>
}

/** The name of the parameter with which a visitor brings the token. */
const parameter = 'token'
/** The cookie is kept for so long, in seconds: 30 days. */
const kept = 30 * 86_400

/** Says who is let in, and what is allowed. */
export class Guard {
  readonly token: string | undefined
  readonly #may: readonly DashboardAction[]
  readonly #hosts: ReadonlySet<string> | 'any' | 'local'
  readonly #authorize: DashboardOptions['authorize']
  /** Dashboards of one machine share their cookies, whatever their ports are. */
  readonly #cookie: string

  constructor({ token, hosts, authorize, readOnly = false, may = dashboardActions }: DashboardOptions) {
    const isOwn = token === undefined && authorize === undefined
    this.token = isOwn ? randomBytes(24).toString('base64url') : token === false ? undefined : token
    this.#may = readOnly ? [] : may
    this.#authorize = authorize
    if (hosts === undefined) this.#hosts = authorize === undefined ? 'local' : 'any'
    else this.#hosts = hosts === 'any' ? 'any' : new Set(hosts.map(each => each.toLowerCase()))
    this.#cookie = `skein-${digest(this.token ?? '')
      .toString('hex')
      .slice(0, 12)}`
  }

  /** Lets a request in, or gives the answer that it gets instead. **Errors**: `Refusal`. */
  async admit(request: Request, url: URL): Promise<Admitted | Response> {
    this.#checkHost(url)
    checkOrigin(request, url)
    if (this.token !== undefined) {
      const brought = url.searchParams.get(parameter)
      if (brought !== null && request.method === 'GET') return this.#welcome(brought, url)
      if (!this.#knows(request)) {
        throw new Refusal(
          401,
          'no-access',
          'This dashboard is not open to everybody: open the address that was printed when it was started, with its token.',
          { 'www-authenticate': 'Bearer' },
        )
      }
    }
    if (this.#authorize === undefined) return this.#admitted({})
    const access = (await this.#authorize(request)) as unknown
    if (access instanceof Response) return access
    if (access === true) return this.#admitted({})
    if (access === false) throw new Refusal(403, 'no-access', 'This dashboard is not open to you.')
    if (typeof access === 'object' && access !== null) return this.#admitted(access)
    // Nobody is let in by mistake.
    throw new InvalidArgumentError(
      `authorize must return true, false, a visitor ({ name, may }) or a Response, got ${describe(access)}`,
    )
  }

  #admitted({ name, may }: DashboardVisitor): Admitted {
    const allowed = may === undefined ? this.#may : this.#may.filter(each => may.includes(each))
    return { ...(name === undefined ? {} : { name }), may: new Set(allowed) }
  }

  #checkHost(url: URL): void {
    const name = nameOf(url)
    if (this.#hosts === 'any') return
    if (this.#hosts === 'local' ? isLocalName(name) : this.#hosts.has(name)) return
    throw new Refusal(
      421,
      'wrong-host',
      `This dashboard does not answer to the name ${name}. Its option hosts says to which it does.`,
    )
  }

  #knows(request: Request): boolean {
    const bearer = /^Bearer ([\w.~-]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    if (bearer !== undefined) return this.#isToken(bearer)
    const cookies = (request.headers.get('cookie') ?? '').split(';').map(each => each.trim())
    return cookies.some(
      each => each.startsWith(`${this.#cookie}=`) && this.#isToken(each.slice(this.#cookie.length + 1)),
    )
  }

  #isToken(text: string): boolean {
    return timingSafeEqual(digest(text), digest(this.token ?? ''))
  }

  /** Takes the token out of the address, where others could see it, and into a cookie. */
  #welcome(brought: string, url: URL): Response {
    if (!this.#isToken(brought))
      throw new Refusal(
        401,
        'no-access',
        'The token in this address is not the one of this dashboard: it was started anew, perhaps. Open the address that was printed then.',
      )
    // No path: then it is that of the page as the browser sees it, whatever a proxy makes of it. Lax, so that a link from elsewhere works:
    // what changes something is protected by more than the cookie.
    const secure = url.protocol === 'https:' ? '; Secure' : ''
    const cookie = `${this.#cookie}=${this.token}; HttpOnly; SameSite=Lax; Max-Age=${kept}${secure}`
    return new Response(null, {
      status: 303,
      headers: { ...safeHeaders, location: './', 'set-cookie': cookie, 'cache-control': 'no-store' },
    })
  }
}

/**
 * Refuses what a page of somebody else has a browser send. Browsers say where a request comes from, and no page can change that; a program
 * does not, and need not.
 */
function checkOrigin(request: Request, url: URL): void {
  const site = request.headers.get('sec-fetch-site')
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  // A link leads here from anywhere.
  if (isSafe && request.headers.get('sec-fetch-mode') === 'navigate') return
  if (site === 'same-origin' || (isSafe && site === 'none')) return
  const origin = request.headers.get('origin')
  if (site === null && (isSafe || origin === null || origin === url.origin)) return
  throw new Refusal(403, 'foreign-page', 'The page of somebody else has sent this, and it was not done.')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
