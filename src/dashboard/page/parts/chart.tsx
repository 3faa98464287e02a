import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { brief, clock, count } from '../format.ts'

export interface Bar {
  readonly at: number
  readonly done: number
  readonly failed: number
  readonly cancelled: number
}

const height = 120

/** The minutes of an hour as bars: what is done, and what has failed. */
export function Minutes({ bars }: { readonly bars: readonly Bar[] }): JSX.Element {
  const [pointed, setPointed] = useState<number | undefined>(undefined)
  const most = Math.max(1, ...bars.map(sumOf))
  const top = niceTop(most)
  const y = (value: number): number => (value / top) * height
  const shown = pointed === undefined ? undefined : bars[pointed]
  const whole = bars.reduce((all, each) => all + sumOf(each), 0)
  const failed = bars.reduce((all, each) => all + each.failed, 0)
  return (
    <figure class="minutes">
      <div class="plot">
        <svg
          viewBox={`0 0 ${bars.length * 10} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Jobs that have ended in each minute of the last hour: ${count(whole)} in all, ${count(failed)} of them failed, ${count(most)} at most in a minute`}
          onPointerLeave={() => setPointed(undefined)}
        >
          {[0.5, 1].map(part => (
            <line
              key={part}
              class="grid"
              x1="0"
              x2={bars.length * 10}
              y1={height - part * height + 0.5}
              y2={height - part * height + 0.5}
            />
          ))}
          {bars.map((bar, at) => {
            const x = at * 10 + 1
            const parts = [
              ['done', bar.done],
              ['cancelled', bar.cancelled],
              ['failed', bar.failed],
            ] as const
            let up = height
            return (
              <g key={bar.at} class={pointed === at ? 'is-pointed' : ''} onPointerEnter={() => setPointed(at)}>
                <rect class="catch" x={at * 10} y="0" width="10" height={height} />
                {parts.map(([name, value]) => {
                  if (value === 0) return null
                  const tall = Math.max(1.5, y(value))
                  up -= tall
                  return <rect key={name} class={`bar-${name}`} x={x} y={up} width="8" height={tall} />
                })}
              </g>
            )
          })}
        </svg>
        <span class="top">{brief(top)}</span>
      </div>
      <figcaption>
        {shown === undefined ? (
          <>
            <span>60 min ago</span>
            <span class="legend">
              <i class="key-done" /> done <i class="key-failed" /> failed <i class="key-cancelled" /> cancelled
            </span>
            <span>now</span>
          </>
        ) : (
          <span>
            {clock(shown.at)}: {count(shown.done)} done, {count(shown.failed)} failed, {count(shown.cancelled)}{' '}
            cancelled
          </span>
        )}
      </figcaption>
    </figure>
  )
}

function sumOf({ done, failed, cancelled }: Bar): number {
  return done + failed + cancelled
}

/** A round number that is not less. */
function niceTop(most: number): number {
  const step = 10 ** Math.floor(Math.log10(most))
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(each => each * step).find(each => each >= most) as number
}

/** How much of something is in use. */
export function Gauge({
  value,
  most,
  what,
}: {
  readonly value: number
  readonly most: number
  readonly what: string
}): JSX.Element {
  const part = most === 0 ? 0 : Math.min(1, value / most)
  return (
    <span class="gauge" role="img" aria-label={`${value} of ${most} ${what}`}>
      <i style={{ width: `${Math.round(part * 100)}%` }} />
    </span>
  )
}
