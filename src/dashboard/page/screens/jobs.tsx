import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ApiError, type JobRow } from '../api.ts'
import { count, span, visible } from '../format.ts'
import { addressOf, go, jobAddress } from '../route.ts'
import { mayDo, type Wanted } from '../parts/act.tsx'
import { Ago, Empty, StateMark, useNow } from '../parts/small.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Views } from '../parts/views.tsx'
import { useJobs } from '../use-jobs.ts'
import type { Live } from '../live.ts'

/** All jobs, or those that a search finds. */
export function JobsScreen(props: {
  readonly live: Live
  readonly q: string
  readonly act: (wanted: Wanted) => void
}): JSX.Element {
  const { live, q, act } = props
  const { about } = live
  const found = useJobs(q, live.overview)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState(-1)
  useLayoutEffect(() => {
    setChosen(new Set())
    setAt(-1)
  }, [q])
  const body = useRef<HTMLTableSectionElement>(null)
  const { jobs } = found
  const search = (text: string): void => go(addressOf(['jobs'], { q: text }))
  const toggle = (id: string): void => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    setChosen(next)
  }
  const done = (): void => {
    setChosen(new Set())
    found.again()
  }
  // Before the next key can come: an effect that waits for the picture would know the row of before.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { target, key } = event
      if (document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey) return
      if (target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT|BUTTON|SUMMARY)$/.test(target.tagName)) return
      const job = jobs[at]
      if (key === 'ArrowDown' || key === 'ArrowUp') {
        event.preventDefault()
        const next = Math.max(0, Math.min(jobs.length - 1, at + (key === 'ArrowDown' ? 1 : -1)))
        setAt(next)
        body.current?.rows[next]?.scrollIntoView({ block: 'nearest' })
      } else if (key === 'Enter' && job && !(target instanceof HTMLAnchorElement)) go(jobAddress(job.id))
      else if (key === 'x' && job) toggle(job.id)
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  })
  const ids = jobs.filter(({ id }) => chosen.has(id)).map(({ id }) => id)
  const target: Wanted['jobs'] =
    ids.length > 0 ? { ids } : { search: q, about: found.isWhole ? jobs.length : undefined }
  const what = ids.length > 0 ? `${count(ids.length)} selected` : 'all that match'
  const actions = (['retry', 'cancel', 'purge'] as const).filter(action => mayDo(about, action, action))
  return (
    <>
      <h1>Jobs</h1>
      <SearchField q={q} live={live} search={search} />
      <Views q={q} search={search} />
      <div class="tools">
        <p class="quiet" role="status">
          {found.error === undefined ? progressText(found, jobs.length) : ''}
        </p>
        {found.isLooking && (
          <button type="button" onClick={found.stop}>
            Stop
          </button>
        )}
        {actions.length > 0 && jobs.length > 0 && (
          <span class="acts" role="group" aria-label={`Actions for ${what}`}>
            <span class="quiet">{what}:</span>
            {actions.map(action => (
              <button
                key={action}
                type="button"
                class={action === 'retry' ? '' : 'is-danger'}
                onClick={() => act({ action, jobs: target, done })}
              >
                {labels[action]}
              </button>
            ))}
          </span>
        )}
      </div>
      {found.error !== undefined && (
        <div class="failed" role="alert">
          <p>{visible(found.error.message)}</p>
          {!(found.error instanceof ApiError && found.error.status === 400) && (
            <button type="button" onClick={found.again}>
              Try again
            </button>
          )}
        </div>
      )}
      {jobs.length > 0 && (
        <div class="card scroll" tabIndex={0} role="region" aria-label="Jobs">
          <table class="jobs">
            <thead>
              <tr>
                {actions.length > 0 && (
                  <th scope="col">
                    <input
                      type="checkbox"
                      aria-label="Select all that are shown"
                      checked={ids.length === jobs.length}
                      onChange={() => setChosen(new Set(ids.length === jobs.length ? [] : jobs.map(({ id }) => id)))}
                    />
                  </th>
                )}
                <th scope="col">State</th>
                <th scope="col">Task</th>
                <th scope="col">Arguments, or what happened</th>
                <th scope="col">Queue</th>
                <th scope="col" class="number">
                  Attempt
                </th>
                <th scope="col" class="number">
                  Took
                </th>
                <th scope="col" class="number">
                  Sent
                </th>
              </tr>
            </thead>
            <tbody ref={body}>
              {jobs.map((job, index) => (
                <Row
                  key={job.id}
                  job={job}
                  isAt={index === at}
                  isChosen={actions.length > 0 ? chosen.has(job.id) : undefined}
                  toggle={() => toggle(job.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {jobs.length === 0 && !found.isLooking && found.error === undefined && (
        <Empty>{q === '' ? 'No job has been submitted yet.' : 'No job matches.'}</Empty>
      )}
      {found.hasMore && !found.isLooking && (
        <p class="more">
          <button type="button" onClick={found.more}>
            More
          </button>
        </p>
      )}
    </>
  )
}

const labels = { retry: 'Retry', cancel: 'Cancel', purge: 'Purge' } as const

function progressText(found: ReturnType<typeof useJobs>, shown: number): string {
  const { looked, of, isLooking, isStopped, hasMore } = found
  const far = of === undefined ? count(looked) : `${count(Math.min(looked, of))} of ${count(of)}`
  if (isLooking) return looked === 0 ? 'Looking…' : `Found ${count(shown)}, looked at ${far}…`
  if (isStopped) return `Stopped: found ${count(shown)}, looked at ${far}`
  return hasMore ? `The newest ${count(shown)}` : `${count(shown)} in all`
}

function Row(props: {
  readonly job: JobRow
  readonly isAt: boolean
  readonly isChosen: boolean | undefined
  readonly toggle: () => void
}): JSX.Element {
  const { job, isAt, isChosen, toggle } = props
  const bad = job.state === 'failed' || job.state === 'dead'
  return (
    <tr class={`${isAt ? 'is-at' : ''} ${isChosen ? 'is-chosen' : ''}`}>
      {isChosen !== undefined && (
        <td>
          <input type="checkbox" aria-label={`Select job ${visible(job.id)}`} checked={isChosen} onChange={toggle} />
        </td>
      )}
      <td>
        <StateMark state={job.state} />
      </td>
      <td>
        <a href={jobAddress(job.id)} title={visible(job.id)}>
          {visible(job.task)}
        </a>
        {job.tags?.map(tag => (
          <a
            key={tag}
            class="tag"
            href={addressOf(['jobs'], { q: `tag:${/^[\w.-]+$/.test(tag) ? tag : JSON.stringify(tag)}` })}
          >
            {visible(tag)}
          </a>
        ))}
      </td>
      <td class="cut" title={visible(job.why ?? job.arguments)}>
        {job.why === undefined ? (
          <code>{visible(job.arguments)}</code>
        ) : (
          <span class={bad ? 'bad' : 'quiet'}>{visible(job.why)}</span>
        )}
      </td>
      <td>{visible(job.queue)}</td>
      <td class="number">{job.attempt > 1 ? <b>{job.attempt}</b> : job.attempt || <span class="quiet">–</span>}</td>
      <td class="number">
        <Took job={job} />
      </td>
      <td class="number">
        <Ago at={job.sentAt} />
      </td>
    </tr>
  )
}

function Took({ job }: { readonly job: JobRow }): JSX.Element {
  const now = useNow()
  const { startedAt, endedAt, state } = job
  if (startedAt === undefined) return <span class="quiet">–</span>
  if (endedAt === undefined) return state === 'running' ? <>{span(now - startedAt)}</> : <span class="quiet">–</span>
  return <>{endedAt - startedAt < 1 ? '< 1 ms' : span(endedAt - startedAt)}</>
}
