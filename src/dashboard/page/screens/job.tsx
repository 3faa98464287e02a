import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { get, type Job } from '../api.ts'
import { count, moment, span, visible } from '../format.ts'
import { addressOf, go, jobAddress, quoted, searchAddress } from '../route.ts'
import { mayDo, type Wanted } from '../parts/act.tsx'
import { CloneDialog } from '../parts/clone.tsx'
import { FailureView } from '../parts/failure.tsx'
import { Json } from '../parts/json.tsx'
import { Ago, Card, Copy, Empty, Failed, Loading, StateMark } from '../parts/small.tsx'
import { Story } from '../parts/story.tsx'
import { TimeLine } from '../parts/time-line.tsx'
import { GraphCard } from './graph.tsx'
import { type Live, useLoaded } from '../live.ts'

/** All that is known of one job. */
export function JobScreen(props: {
  readonly live: Live
  readonly id: string
  readonly act: (wanted: Wanted) => void
}): JSX.Element {
  const { live, id, act } = props
  const [isCloning, setCloning] = useState(false)
  const [isOver, setOver] = useState(false)
  const loaded = useLoaded(
    `job ${id}`,
    async signal => {
      const job = await get<Job>(`jobs/${encodeURIComponent(id)}`, signal)
      setOver(job.endedAt !== undefined)
      return job
    },
    // What has ended changes seldom.
    isOver ? Math.floor((live.overview?.at ?? 0) / 10_000) : live.overview?.at,
  )
  const job = loaded.value
  if (job === undefined) {
    if (loaded.error === undefined) return <Loading />
    return (
      <>
        <p class="crumbs">
          <a href={addressOf(['jobs'])}>Jobs</a>
        </p>
        <h1>Job</h1>
        <Failed error={loaded.error} again={loaded.again} />
      </>
    )
  }
  const { about } = live
  const hasEnded = job.endedAt !== undefined || ['done', 'failed', 'dead', 'cancelled'].includes(job.state)
  const buttons: readonly (readonly ['retry' | 'cancel' | 'purge', string, boolean])[] = [
    ['retry', 'Retry', hasEnded],
    ['cancel', 'Cancel', !hasEnded],
    ['purge', 'Purge', job.state !== 'running'],
  ]
  const done = (action: string) => (): void => (action === 'purge' ? go(addressOf(['jobs'])) : loaded.again())
  return (
    <>
      <p class="crumbs">
        <a href={addressOf(['jobs'])}>Jobs</a>
        <a href={searchAddress(`task:${quoted(job.task)}`)}>{visible(job.task)}</a>
      </p>
      <div class="title">
        <h1>{visible(job.task)}</h1>
        <StateMark state={job.state} />
        <span class="acts">
          {buttons.map(
            ([action, label, fits]) =>
              fits &&
              mayDo(about, action, action) && (
                <button
                  key={action}
                  type="button"
                  class={action === 'retry' ? '' : 'is-danger'}
                  onClick={() => act({ action, jobs: { ids: [job.id] }, done: done(action) })}
                >
                  {label}
                </button>
              ),
          )}
          {job.clonable && mayDo(about, 'submit') && (
            <button type="button" onClick={() => setCloning(true)}>
              Clone and edit
            </button>
          )}
        </span>
      </div>
      <p class="id">
        <code>{visible(job.id)}</code> <Copy text={job.id} what="id" />
      </p>
      {job.damaged && (
        <p class="danger-note">What the store has of this job makes no sense in part: {job.damaged.join(', ')}.</p>
      )}
      {job.cancelling !== undefined && job.state === 'running' && (
        <p class="warning-note">It was asked to stop: {visible(textOf(job.cancelling))}</p>
      )}
      {job.waits && (
        <ul class="warnings is-calm">
          {job.waits.map(wait => (
            <li key={`${wait.kind} ${wait.name}`}>
              Waits {wait.kind === 'sleep' ? 'for a time' : `for ${wait.kind}`} <b>{visible(wait.name)}</b>
              {wait.id && <a href={jobAddress(wait.id)}> job {visible(wait.id)}</a>}
              {wait.until && (
                <>
                  , until <Ago at={wait.until} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <TimeLine job={job} />
      {job.error && (
        <Card title={job.state === 'failed' || job.state === 'dead' ? 'Error' : 'Last error'} class="is-bad">
          <FailureView failure={job.error} />
        </Card>
      )}
      <div class="columns">
        <Card title="Arguments">
          {job.malformed !== undefined && <p class="danger-note">{visible(job.malformed)}</p>}
          {(job.args ?? []).length === 0 && job.kwargs === undefined ? (
            <Empty>None.</Empty>
          ) : (
            <>
              <Json value={job.args} what="arguments" />
              {job.kwargs && (
                <>
                  <h3>By name</h3>
                  <Json value={job.kwargs} what="arguments by name" />
                </>
              )}
            </>
          )}
          {'result' in job && (
            <>
              <h3>Result</h3>
              <Json value={job.result} what="result" />
            </>
          )}
        </Card>
        <Card title="Facts">
          <Facts job={job} />
        </Card>
      </div>
      <Story story={job.story} omitted={job.omitted} />
      <GraphCard id={job.id} beat={live.overview?.at} isPart={/[#/]/.test(job.id) || job.state === 'held'} />
      {isCloning && <CloneDialog job={job} close={() => setCloning(false)} />}
    </>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function Facts({ job }: { readonly job: Job }): JSX.Element {
  const time = (name: string, at: string | undefined): JSX.Element | false =>
    at !== undefined && (
      <>
        <dt>{name}</dt>
        <dd>
          {moment(at)}{' '}
          <span class="quiet">
            (<Ago at={at} />)
          </span>
        </dd>
      </>
    )
  const text = (name: string, value: string | undefined, q?: string): JSX.Element | false =>
    value !== undefined && (
      <>
        <dt>{name}</dt>
        <dd>{q === undefined ? visible(value) : <a href={searchAddress(q)}>{visible(value)}</a>}</dd>
      </>
    )
  return (
    <dl class="facts">
      {text('Queue', job.queue, `queue:${quoted(job.queue)}`)}
      {job.priority !== 0 && text('Priority', String(job.priority))}
      <dt>Attempt</dt>
      <dd>
        {count(job.attempt)}
        {job.deaths > 0 && (
          <span class="bad">, {job.deaths === 1 ? 'one worker has' : `${job.deaths} workers have`} died under it</span>
        )}
      </dd>
      {job.worker !== undefined && text('Worker', job.worker, `worker:${quoted(job.worker)}`)}
      {job.tags && (
        <>
          <dt>Tags</dt>
          <dd>
            {job.tags.map(tag => (
              <a key={tag} class="tag" href={searchAddress(`tag:${quoted(tag)}`)}>
                {visible(tag)}
              </a>
            ))}
          </dd>
        </>
      )}
      {text('Unique key', job.key)}
      {time('Key until', job.keyUntil)}
      {text('Limit', job.limitKey)}
      {time('Sent', job.sentAt)}
      {job.dueAt !== job.sentAt && time('Due', job.dueAt)}
      {time('Started', job.startedAt)}
      {time('Ended', job.endedAt)}
      {job.startedAt !== undefined &&
        job.endedAt !== undefined &&
        text('Took', span(Date.parse(job.endedAt) - Date.parse(job.startedAt)))}
      {time('Expires', job.expiresAt)}
      {time('Deadline', job.deadlineAt)}
    </dl>
  )
}
