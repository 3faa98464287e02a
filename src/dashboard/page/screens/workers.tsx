import type { JSX } from 'preact'
import { get, type JobRow } from '../api.ts'
import { count, plural, span, visible } from '../format.ts'
import { jobAddress, quoted, searchAddress } from '../route.ts'
import { Gauge } from '../parts/chart.tsx'
import { Ago, Card, Empty, Loading, useNow } from '../parts/small.tsx'
import { type Live, useLoaded } from '../live.ts'

/** More are not shown of one worker. */
const mostJobs = 20

export function WorkersScreen({ live }: { readonly live: Live }): JSX.Element {
  const { overview, about } = live
  const now = useNow()
  const running = useLoaded('running', signal => get<{ jobs: JobRow[] }>('running', signal), overview?.at)
  if (overview === undefined || about === undefined) return <Loading />
  const jobs = running.value?.jobs ?? []
  if (!about.can.includes('workers')) return <Empty>This store does not know its workers.</Empty>
  return (
    <>
      <h1>Workers</h1>
      {overview.workers.length === 0 && (
        <Empty>
          No worker is there. Start one: <code>skein worker tasks.ts --store URL</code>
        </Empty>
      )}
      <div class="workers">
        {overview.workers.map(worker => {
          const own = jobs.filter(each => each.worker === worker.worker)
          return (
            <Card
              key={worker.worker}
              title={<a href={searchAddress(`worker:${quoted(worker.worker)}`)}>{visible(worker.worker)}</a>}
              side={<span class="badge">{visible(worker.place)}</span>}
            >
              <dl class="facts">
                <dt>Places</dt>
                <dd>
                  <Gauge value={worker.running} most={worker.concurrency} what="places taken" /> {count(worker.running)}{' '}
                  of {count(worker.concurrency)}
                </dd>
                <dt>Up</dt>
                <dd>{span(now - worker.startedAt)}</dd>
                <dt>Seen</dt>
                <dd>
                  <Ago at={worker.seenAt} />
                </dd>
                <dt>Queues</dt>
                <dd>
                  {worker.queues.map(queue => (
                    <a key={queue} class="tag" href={searchAddress(`queue:${quoted(queue)}`)}>
                      {visible(queue)}
                    </a>
                  ))}
                </dd>
                <dt>Tasks</dt>
                <dd>
                  <details>
                    <summary>{plural(worker.tasks.length, 'task')}</summary>
                    {worker.tasks.map(task => (
                      <a key={task} class="tag" href={searchAddress(`task:${quoted(task)}`)}>
                        {visible(task)}
                      </a>
                    ))}
                  </details>
                </dd>
              </dl>
              {own.length > 0 && (
                <ul class="runs">
                  {own.slice(0, mostJobs).map(job => (
                    <li key={job.id}>
                      <a href={jobAddress(job.id)}>{visible(job.task)}</a>
                      <span class="quiet cut">{visible(job.arguments)}</span>
                      <span>{job.startedAt === undefined ? '' : span(now - job.startedAt)}</span>
                    </li>
                  ))}
                  {own.length > mostJobs && <li class="quiet">and {count(own.length - mostJobs)} more</li>}
                </ul>
              )}
            </Card>
          )
        })}
      </div>
    </>
  )
}
