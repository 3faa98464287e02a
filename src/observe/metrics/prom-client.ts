import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Family, Labels, Page } from './page.ts'

/** The part of a `Registry` of prom-client (15 or newer) that the adapter needs. */
export interface PromClientRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

/** A metric as a registry of prom-client has it: it is asked for its values when the page is made. */
class Registered {
  /** prom-client takes `_total` off it for a page in the format of OpenMetrics. */
  name: string
  readonly help: string
  readonly type: Family['type']
  readonly aggregator = 'sum'
  readonly #family: Family
  readonly #page: () => Promise<Page>
  readonly #everywhere: Labels

  constructor(family: Family, page: () => Promise<Page>, everywhere: Labels) {
    this.name = family.name
    this.help = family.help
    this.type = family.type
    this.#family = family
    this.#page = page
    this.#everywhere = everywhere
  }

  async get(): Promise<unknown> {
    const samples = (await this.#page()).samplesOf(this.#family)
    const { name, help, type, aggregator } = this
    const values = samples.map(sample => ({
      value: sample.value,
      labels: { ...this.#everywhere, ...sample.labels },
      ...(sample.name === this.#family.name ? {} : { metricName: sample.name }),
    }))
    return { name, help, type, aggregator, values }
  }

  /** A registry that is reset forgets what was counted in it; this was counted elsewhere. */
  reset(): void {}
}

/** Registers the families; the return value takes them out again. */
export function registerFamilies(
  registry: PromClientRegistry,
  families: readonly Family[],
  page: () => Promise<Page>,
  everywhere: Labels,
): () => void {
  if (typeof registry?.registerMetric !== 'function' || typeof registry.removeSingleMetric !== 'function') {
    throw new InvalidArgumentError(
      `registerIn needs a registry of prom-client, as in registerIn(client.register), got ${describe(registry)}`,
    )
  }
  const registered: string[] = []
  const leave = (): void => {
    for (const name of registered.splice(0)) registry.removeSingleMetric(name)
  }
  try {
    for (const family of families) {
      registry.registerMetric(new Registered(family, page, everywhere) as never)
      registered.push(family.name)
    }
  } catch (error) {
    leave()
    throw error
  }
  return leave
}
