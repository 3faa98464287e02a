import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { get, type Graph, type GraphJob } from '../api.ts'
import { count, visible } from '../format.ts'
import { go, jobAddress } from '../route.ts'
import { Card, Empty, Failed, Loading } from '../parts/small.tsx'
import { useLoaded } from '../live.ts'

/** So many jobs are drawn. */
const mostDrawn = 300

/** The graph of which a job is part: who waits for whom. It is looked for only when somebody wants to see it, or it is sure to be there. */
export function GraphCard(props: {
  readonly id: string
  readonly beat: unknown
  readonly isPart: boolean
}): JSX.Element {
  const [isOpen, setOpen] = useState(props.isPart)
  return (
    <Card title="Graph">
      {isOpen ? (
        <GraphView id={props.id} beat={props.beat} />
      ) : (
        <p>
          <button type="button" onClick={() => setOpen(true)}>
            Look for jobs that belong to it
          </button>
        </p>
      )}
    </Card>
  )
}

function GraphView({ id, beat }: { readonly id: string; readonly beat: unknown }): JSX.Element {
  const slow = typeof beat === 'number' ? Math.floor(beat / 3_000) : 0
  const loaded = useLoaded(`graph ${id}`, signal => get<Graph>(`jobs/${encodeURIComponent(id)}/graph`, signal), slow)
  if (loaded.value === undefined)
    return loaded.error === undefined ? <Loading /> : <Failed error={loaded.error} again={loaded.again} />
  const { jobs, count: whole } = loaded.value
  if (jobs.length <= 1) return <Empty>It is no part of a graph.</Empty>
  return (
    <>
      <Drawing jobs={jobs.slice(0, mostDrawn)} here={id} />
      {whole > mostDrawn && <p class="quiet">and {count(whole - mostDrawn)} more</p>}
    </>
  )
}

const box = { width: 210, height: 40, gapX: 56, gapY: 14 } as const

interface Placed {
  readonly job: GraphJob
  readonly x: number
  readonly y: number
}

/** What is needed stands at the right of what needs it. */
function Drawing({ jobs, here }: { readonly jobs: readonly GraphJob[]; readonly here: string }): JSX.Element {
  const { placed, width, height } = placesOf(jobs)
  const byId = new Map(placed.map(each => [each.job.id, each]))
  return (
    <div class="graph scroll" tabIndex={0} role="region" aria-label="Graph">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {placed.map(({ job, x, y }) => {
          const parent = job.parent === undefined ? undefined : byId.get(job.parent)
          if (parent === undefined) return null
          const from = [parent.x + box.width, parent.y + box.height / 2] as const
          const to = [x, y + box.height / 2] as const
          const middle = (from[0] + to[0]) / 2
          return (
            <path
              key={job.id}
              class={`edge is-${job.state}`}
              d={`M${from[0]} ${from[1]} C${middle} ${from[1]} ${middle} ${to[1]} ${to[0]} ${to[1]}`}
            />
          )
        })}
        {placed.map(({ job, x, y }) => (
          <a
            key={job.id}
            href={jobAddress(job.id)}
            onClick={event => {
              event.preventDefault()
              go(jobAddress(job.id))
            }}
          >
            <g transform={`translate(${x} ${y})`} class={`node is-${job.state} ${job.id === here ? 'is-here' : ''}`}>
              <title>
                {visible(
                  [job.task ?? '(forgotten)', job.id, job.state, job.why ?? ''].filter(each => each !== '').join('\n'),
                )}
              </title>
              <rect width={box.width} height={box.height} rx="7" />
              <circle cx="14" cy={box.height / 2} r="4.5" />
              <text x="26" y="17">
                {cut(visible(job.task ?? '(forgotten)'), 24)}
              </text>
              <text x="26" y="31" class="second">
                {cut(secondLine(job), 30)}
              </text>
            </g>
          </a>
        ))}
      </svg>
    </div>
  )
}

function secondLine({ state, needs, has = 0, id }: GraphJob): string {
  const part = /[#/][^#/]*$/.exec(id)?.[0] ?? ''
  const waits = needs === undefined || has >= needs ? '' : `, has ${has} of ${needs}`
  return visible(`${state}${waits} ${part}`)
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

function placesOf(jobs: readonly GraphJob[]): { placed: Placed[]; width: number; height: number } {
  const children = new Map<string, GraphJob[]>()
  const known = new Set(jobs.map(({ id }) => id))
  for (const job of jobs) {
    if (job.parent === undefined || !known.has(job.parent)) continue
    const list = children.get(job.parent)
    if (list === undefined) children.set(job.parent, [job])
    else list.push(job)
  }
  const placed: Placed[] = []
  let row = 0
  let deepest = 0
  // A list instead of recursion: chains may be long. Each row is given to a leaf; what has children stands at the first of them.
  const roots = jobs.filter(({ parent }) => parent === undefined || !known.has(parent))
  const open: { job: GraphJob; depth: number }[] = roots.toReversed().map(job => ({ job, depth: 0 }))
  const seen = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { job, depth } = next
    if (seen.has(job.id)) continue
    seen.add(job.id)
    deepest = Math.max(deepest, depth)
    const own = children.get(job.id) ?? []
    placed.push({ job, x: 2 + depth * (box.width + box.gapX), y: 2 + row * (box.height + box.gapY) })
    if (own.length === 0) row++
    for (const child of own.toReversed()) open.push({ job: child, depth: depth + 1 })
  }
  return {
    placed,
    width: 4 + deepest * (box.width + box.gapX) + box.width,
    height: 4 + Math.max(1, row) * (box.height + box.gapY),
  }
}
