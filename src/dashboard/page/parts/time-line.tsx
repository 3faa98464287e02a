import type { JSX } from 'preact'
import type { Job } from '../api.ts'
import { moment, span } from '../format.ts'
import { useNow } from './small.tsx'

interface Piece {
  readonly name: 'delayed' | 'waited' | 'attempts' | 'ran'
  readonly from: number
  readonly to: number
}

function labelOf(name: Piece['name'], { state }: Job): string {
  if (name === 'attempts') return 'earlier attempts'
  if (name === 'waited') return state === 'held' ? 'waits for others' : 'in line'
  if (name === 'ran') return state === 'running' ? 'runs' : 'ran'
  return name
}

/** A job from when it was sent until it ended: how long it was delayed, waited, and ran. */
export function TimeLine({ job }: { readonly job: Job }): JSX.Element | null {
  const now = useNow(job.endedAt === undefined ? 1_000 : 3_600_000)
  const pieces = piecesOf(job, now)
  if (pieces.length === 0) return null
  const from = (pieces[0] as Piece).from
  const whole = Math.max(1, (pieces.at(-1) as Piece).to - from)
  return (
    <figure class="time-line">
      <div
        class="track"
        role="img"
        aria-label={pieces.map(each => `${labelOf(each.name, job)} ${span(each.to - each.from)}`).join(', ')}
      >
        {pieces.map(each => (
          <span
            key={each.name}
            class={`piece-${each.name} is-${job.state}`}
            style={{ flexGrow: String(Math.max(0.004, (each.to - each.from) / whole)) }}
            title={`${labelOf(each.name, job)}: ${span(each.to - each.from)}, from ${moment(each.from)} to ${moment(each.to)}`}
          />
        ))}
      </div>
      <figcaption>
        {pieces.map(each => (
          <span key={each.name}>
            <i class={`piece-${each.name} is-${job.state}`} /> {labelOf(each.name, job)}{' '}
            <b>{span(each.to - each.from)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

function piecesOf({ sentAt, dueAt, startedAt, endedAt, state, story }: Job, now: number): Piece[] {
  if (sentAt === undefined) return []
  const sent = Date.parse(sentAt)
  const end = endedAt === undefined ? Math.max(now, sent) : Date.parse(endedAt)
  const started = startedAt === undefined ? undefined : Date.parse(startedAt)
  const retried = story.filter(
    ({ kind, value }) => kind === 'state' && (value as { state?: string } | undefined)?.state === 'retry',
  )
  const firstEnd = retried[0]?.time === undefined ? undefined : Date.parse(retried[0].time)
  const due = dueAt === undefined ? sent : Date.parse(dueAt)
  const pieces: Piece[] = []
  const add = (name: Piece['name'], from: number, to: number): void => {
    if (to > from) pieces.push({ name, from, to })
  }
  const begun = started ?? end
  if (firstEnd !== undefined && firstEnd < begun) {
    // When the first attempt began is not kept.
    add('attempts', sent, begun)
  } else {
    const line = Math.min(Math.max(due, sent), begun)
    add('delayed', sent, line)
    add('waited', line, begun)
  }
  if (started !== undefined && (endedAt !== undefined || state === 'running')) add('ran', started, end)
  return pieces
}
