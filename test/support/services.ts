import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from './paths.ts'

/** Something that is not here, with the reason. */
interface Missing {
  readonly missing: string
}

/** A Redis server that one test file has for itself. */
export interface RedisServer {
  readonly missing?: undefined
  /** The URL of its first database. */
  readonly url: string
  readonly port: number
  readonly version: string
  /** It dies at once, as if the power had gone, and is started again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The program of a server. */
export interface ServerProgram {
  readonly missing?: undefined
  readonly program: string
  readonly version: string
}

/** Celery in a virtual environment. */
export interface Celery {
  readonly missing?: undefined
  /** The path of its Python. */
  readonly python: string
  readonly version: string
}

const services = (await import(pathToFileURL(join(root, 'scripts/services.mjs')).href)) as {
  readonly redisProgram: () => Promise<ServerProgram | Missing>
  readonly prometheusProgram: () => Promise<ServerProgram | Missing>
  readonly chromiumProgram: () => Promise<ServerProgram | Missing>
  readonly startRedis: (...options: string[]) => Promise<RedisServer | Missing>
  readonly startServer: (found: ServerProgram, ...options: string[]) => Promise<RedisServer>
  readonly otherServers: Readonly<Record<string, string>>
  readonly otherServer: (name: string) => Promise<ServerProgram | Missing>
  readonly celery: (version: string) => Promise<Celery | Missing>
  readonly celeryWithDjango: (version: string) => Promise<Celery | Missing>
  readonly defaultCelery: string
  readonly versionsOfCelery: readonly string[]
  readonly flower: () => Promise<Celery | Missing>
}

/** Looks for the Redis server of this machine, or the program that SKEIN_REDIS_SERVER names; installs it if need be. */
export const redisProgram: () => Promise<ServerProgram | Missing> = services.redisProgram

/** Looks for Prometheus, which comes with `promtool`; installs it if need be. */
export const prometheusProgram: () => Promise<ServerProgram | Missing> = services.prometheusProgram

/** Looks for Chromium; installs it if need be. */
export const chromiumProgram: () => Promise<ServerProgram | Missing> = services.chromiumProgram

/** Starts a Redis server, which is installed if need be. Its parameters are options as on its command line. */
export const startRedis: (...options: string[]) => Promise<RedisServer | Missing> = services.startRedis

/** Starts a server of a program. Its parameters are options as on its command line. */
export const startServer: (found: ServerProgram, ...options: string[]) => Promise<RedisServer> = services.startServer

/** The names of the servers beside that of this machine that speak the same language. */
export const otherServers: readonly string[] = Object.keys(services.otherServers)

/** The program of one of them, which is fetched if need be. */
export const otherServer: (name: string) => Promise<ServerProgram | Missing> = services.otherServer

/** Celery 5.6.3, or the version that SKEIN_CELERY names, which is installed if need be. */
export function celery(): Promise<Celery | Missing> {
  return services.celery(services.defaultCelery)
}

/** A version of Celery, which is installed if need be. */
export const celeryOf: (version: string) => Promise<Celery | Missing> = services.celery

/** The versions of Celery to test with: the one that SKEIN_CELERY names, or all. */
export const celeryVersions: readonly string[] = services.versionsOfCelery

/** Flower, in a virtual environment with Celery, which is installed if need be. */
export const flower: () => Promise<Celery | Missing> = services.flower

/** The same with Django, which is added if need be. */
export function celeryWithDjango(): Promise<Celery | Missing> {
  return services.celeryWithDjango(services.defaultCelery)
}

/**
 * Says loudly that a test has not been made, and why: what it needs is not ours to give, so where continuous integration runs, where a
 * skip counts as a failure, it passes.
 */
export function notTested(t: TestContext, missing: string): void {
  const words = `NOT TESTED HERE: ${missing}`
  if (process.env['CI'] === 'true') console.error(words)
  else t.skip(words)
}
