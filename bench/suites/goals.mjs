/** Who of these got the most calls through in a second, and how skein's figure compares; undefined when none has a figure. */
export function bestOf(cells) {
  const best = cells
    .filter(cell => cell.metrics.rate !== undefined && cell.skeinIs?.rate !== undefined)
    .toSorted((a, b) => b.metrics.rate.median - a.metrics.rate.median)[0]
  return best && { label: best.label, ratio: best.skeinIs.rate }
}

/**
 * A figure of skein's own beside what it should be, and beside what the others of the same run got.
 *
 * @param least what the median has to reach; `most` instead for a figure that should be small
 */
export function goal(cells, { text, variant, key = 'skein', metric, least, most, digits = 0 }) {
  const here = cells.filter(cell => cell.variant === variant)
  const figure = here.find(cell => cell.key === key)?.metrics[metric]
  const others = here
    .filter(cell => cell.skeinIs?.[metric] !== undefined)
    .map(({ label, skeinIs, metrics }) => {
      const theirs = metrics[metric].median.toFixed(digits)
      return `${skeinIs[metric].median.toFixed(2)}x ${label} (${theirs})`
    })
  return {
    text,
    figure: figure?.median.toFixed(digits),
    range: figure && [figure.min, figure.max],
    reached: figure && (least === undefined ? figure.median <= most : figure.median >= least),
    beside: others.join(', '),
  }
}
