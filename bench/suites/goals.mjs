import { ratioByRound } from '../lib/stats.mjs'

/** Who of these got the most calls through in a second, and how skein's figure compares; undefined when none has a figure. */
export function bestOf(cells) {
  const best = cells
    .filter(cell => cell.metrics.rate !== undefined && cell.skeinIs?.rate !== undefined)
    .toSorted((a, b) => b.metrics.rate.median - a.metrics.rate.median)[0]
  return best && { label: best.label, ratio: best.skeinIs.rate }
}

/**
 * A figure beside what it should come to.
 *
 * @param what what is measured: a row of the table of goals
 * @param goal what it should come to, in words
 * @param found median, least and greatest of the rounds; undefined when there is no figure
 * @param least what the median has to reach; `most` instead for a figure that should be small
 * @param figure the figure as it is printed; default: the median with `digits` and `unit`
 * @param beside the figures of others, to compare
 * @param needs what is missing where there is no figure
 * @param why the reason that is known, for a figure that misses it
 */
export function held({ what, goal, found, least, most, digits = 0, unit = '', figure, beside, needs, why }) {
  const reached = found && (least === undefined ? found.median <= most : found.median >= least)
  return {
    what,
    goal,
    figure: found && (figure ?? `${number(found.median, digits)}${unit}`),
    range: found && found.n !== 1 ? [found.min, found.max] : undefined,
    reached,
    near: reached === false ? nearness(found.median, least, most) : undefined,
    beside,
    needs,
    why: reached === false ? why : undefined,
  }
}

/** A figure of skein's own beside what it should be, and beside what the others of the same run got: above 1x, skein's is the better. */
export function goal(cells, request) {
  const { variant, key = 'skein', metric, least, digits = 0 } = request
  const here = cells.filter(cell => cell.variant === variant)
  const ours = here.find(cell => cell.key === key)
  const others = here
    .filter(({ versus }) => versus === key)
    .flatMap(theirs => {
      const factor = least === undefined ? ratioOf(theirs, ours, metric) : ratioOf(ours, theirs, metric)
      if (factor === undefined) return []
      return `${times(factor.median)} ${theirs.label} (${number(theirs.metrics[metric].median, digits)})`
    })
  return held({ ...request, found: ours?.metrics[metric], beside: others.join(', ') })
}

/**
 * A figure of skein's own divided by that of another, each by the one of the same round.
 *
 * @param against the key of the other; in another variant with `againstVariant`
 * @param needs what to do when the other was not measured
 */
export function ratio(cells, request) {
  const { variant, key = 'skein', against, againstVariant = variant, metric, digits = 0, unit = '' } = request
  const cell = (name, at) => cells.find(other => other.variant === at && other.key === name)
  const ours = cell(key, variant)
  const theirs = cell(against, againstVariant)
  const found = ratioOf(ours, theirs, metric)
  const figures = [ours, theirs].map(each => number(each?.metrics?.[metric]?.median, digits))
  return held({
    ...request,
    found,
    figure: found && `${times(found.median)} (${figures.join(' and ')}${unit})`,
    beside: undefined,
  })
}

/** One cell's figure divided by another's, round by round. */
export function ratioOf(ours, theirs, metric) {
  return ratioByRound(ours?.rounds ?? [], theirs?.rounds ?? [], metric)
}

function nearness(value, least, most) {
  return least === undefined ? `${times(value / most)} of it` : `${((100 * value) / least).toFixed(0)} % of it`
}

const times = value => `${value.toFixed(2)}x`

function number(value, digits) {
  if (value === undefined) return '–'
  return digits === 0 ? Math.round(value).toLocaleString('en') : value.toFixed(digits)
}
