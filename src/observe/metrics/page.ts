/** The labels of a sample: what tells it from the others of its family. */
export type Labels = Readonly<Record<string, string>>

/** One number of a family. */
export interface Sample {
  /** The name of the family; of a histogram with `_bucket`, `_sum` or `_count` behind it. */
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** The metrics of one name. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
}

/** The numbers of one moment, by family. */
export class Page {
  readonly #samples = new Map<Family, Sample[]>()

  add(family: Family, labels: Labels, value: number, suffix = ''): void {
    let samples = this.#samples.get(family)
    if (samples === undefined) this.#samples.set(family, (samples = []))
    samples.push({ name: family.name + suffix, labels, value })
  }

  samplesOf(family: Family): readonly Sample[] {
    return this.#samples.get(family) ?? []
  }

  /** The page as Prometheus reads it, in its text format 0.0.4. */
  text(families: readonly Family[], everywhere: Labels): string {
    const lines: string[] = []
    for (const family of families) {
      const samples = this.samplesOf(family)
      if (samples.length === 0) continue
      lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`)
      for (const { name, labels, value } of samples)
        lines.push(`${name}${inBraces({ ...everywhere, ...labels })} ${numberText(value)}`)
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`
  }
}

function inBraces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}

/** A number as Prometheus writes it. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
