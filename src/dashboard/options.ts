import { checkFunction, checkKnown, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { StoreAddress } from '../queue/open-store.ts'
import type { Store } from '../stores/roles/store.ts'
import type { HiddenPlace } from './jobs/redaction.ts'
import { type DashboardAction, type DashboardActionRecord, dashboardActions, type DashboardVisitor } from './rights.ts'

/** An answer of `authorize`. */
export type DashboardAccess = boolean | DashboardVisitor | Response

/** Options of `dashboard()`. */
export interface DashboardOptions {
  /** The store to look into: its URL, or an open one, which stays open when the dashboard is closed. */
  readonly store: StoreAddress | Store
  /** The path under which requests arrive, as in `/admin/queue`. Default: `/`. */
  readonly base?: string
  /**
   * The secret that a visitor must have: in the address once (`?token=…`), from then on in a cookie; a program says
   * `authorization: Bearer …`. At least 16 characters. `false` for none. Default: a random one; none where `authorize` is given.
   */
  readonly token?: string | false
  /**
   * The names in the address by which it may be asked, without a port; `any` for all. Default: those of this machine alone (`localhost`,
   * `127.0.0.1`, `[::1]`); any where `authorize` is given.
   */
  readonly hosts?: readonly string[] | 'any'
  /**
   * Says of each request whether it is let in: `true`; a visitor, with a name and what is allowed; `false`; or a response of your own, such
   * as a redirect to your login. In addition to `token` where both are given.
   */
  readonly authorize?: (request: Request) => DashboardAccess | Promise<DashboardAccess>
  /** Allows no action at all. Default: false. */
  readonly readOnly?: boolean
  /** The actions that are allowed. Default: all. */
  readonly may?: readonly DashboardAction[]
  /**
   * The names of fields whose values are shown as `[hidden]`, wherever they are in arguments, results and reports. Upper and lower case,
   * `_` and `-` make no difference, and a longer name that ends so is hidden, too. Default: `password`, `secret`, `token`, `authorization`,
   * `apiKey`, `cookie` and others of that kind; `[]` for none.
   */
  readonly hide?: readonly string[]
  /**
   * Gives what is to be shown in the place of a value: of the arguments of a job, its result, an error, a report. Called with what `hide` has
   * left. Where it throws, the whole value is hidden.
   */
  readonly redact?: (value: unknown, place: HiddenPlace) => unknown
  /** Is told of each action that was taken: for an audit log of yours. */
  readonly onAction?: (action: DashboardActionRecord) => void
}

const known: ReadonlySet<string> = new Set([
  'store',
  'base',
  'token',
  'hosts',
  'authorize',
  'readOnly',
  'may',
  'hide',
  'redact',
  'onAction',
])

/** A secret that is shorter could be guessed. */
const shortest = 16

/** Refuses options that make no sense. */
export function checkOptions(options: DashboardOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      `dashboard() needs options with a store, as in dashboard({ store: 'sqlite:jobs.db' }), got ${describe(options)}`,
    )
  }
  checkKnown(options, known, 'dashboard option')
  const { base, token, hosts, authorize, readOnly, may, hide, redact, onAction } = options
  if (base !== undefined && (typeof base !== 'string' || !/^\/[^?#\\]*$/.test(base)))
    throw wrong('base', "a path that begins with a slash, as in '/admin/queue'", base)
  if (token !== undefined && token !== false && (typeof token !== 'string' || !/^[\w.~-]+$/.test(token)))
    throw wrong('token', 'letters, digits, and . _ ~ -; or false for none', typeof token === 'string' ? '' : token)
  if (typeof token === 'string' && token.length < shortest)
    throw new InvalidArgumentError(`token must have at least ${shortest} characters, got ${token.length}`)
  if (hosts !== undefined && hosts !== 'any' && !isTexts(hosts))
    throw wrong('hosts', "a list of host names, or 'any'", hosts)
  if (hide !== undefined && !isTexts(hide)) throw wrong('hide', 'a list of names of fields', hide)
  if (may !== undefined && !(isTexts(may) && may.every(each => dashboardActions.includes(each))))
    throw wrong('may', `a list of actions (${dashboardActions.join(', ')})`, may)
  if (readOnly !== undefined && typeof readOnly !== 'boolean') throw wrong('readOnly', 'true or false', readOnly)
  if (authorize !== undefined) checkFunction(authorize, 'authorize')
  if (redact !== undefined) checkFunction(redact, 'redact')
  if (onAction !== undefined) checkFunction(onAction, 'onAction')
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function wrong(option: string, expected: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`${option} must be ${expected}, got ${describe(value)}`)
}
