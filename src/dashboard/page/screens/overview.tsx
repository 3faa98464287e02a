import type { JSX } from 'preact'
import type { Overview } from '../api.ts'
import { addressOf, quoted, searchAddress } from '../route.ts'
import { brief, bytes, count, plural, span, visible } from '../format.ts'
import { Gauge, Minutes } from '../parts/chart.tsx'
import { Card, Empty, Loading, StateMark } from '../parts/small.tsx'
import type { Live } from '../live.ts'

const states = ['ready', 'running', 'delayed', 'held', 'done', 'failed', 'dead', 'cancelled'] as const

/** The first screen: is all well, and what happens? */
export function OverviewScreen({ live }: { readonly live: Live }): JSX.Element {
  const { overview, about } = live
  if (overview === undefined) return <Loading />
  const total = (state: (typeof states)[number]): number =>
    overview.queues.reduce((all, { counts }) => all + counts[state], 0)
  const oldest = Math.max(0, ...overview.queues.map(each => each.oldest))
  const slots = overview.workers.reduce((all, each) => all + each.concurrency, 0)
  const running = overview.workers.reduce((all, each) => all + each.running, 0)
  return (
    <>
      <h1>Overview</h1>
      <Warnings overview={overview} />
      <ul class="tiles">
        {states.map(state => (
          <li key={state}>
            <a href={searchAddress(`state:${state}`)} class={total(state) === 0 ? 'is-none' : ''}>
              <StateMark state={state} />
              <b title={count(total(state))}>{brief(total(state))}</b>
            </a>
          </li>
        ))}
      </ul>
      <div class="columns">
        <Card title="Ended in the last hour" class="is-large">
          {overview.minutes === undefined ? (
            <Empty>This store does not say what has ended.</Empty>
          ) : (
            <Minutes bars={overview.minutes} />
          )}
        </Card>
        <Card title="Now">
          <dl class="facts">
            <dt>Oldest ready job</dt>
            <dd>{oldest === 0 ? '–' : `waits ${span(oldest)}`}</dd>
            <dt>Workers</dt>
            <dd>
              {overview.workers.length === 0 ? 'none' : count(overview.workers.length)}{' '}
              {slots > 0 && (
                <>
                  <Gauge value={running} most={slots} what="places taken" /> {count(running)} of {count(slots)} places
                </>
              )}
            </dd>
            <dt>Ended in the last minute</dt>
            <dd>{lastMinute(overview)}</dd>
            <dt>Size of the store</dt>
            <dd>{bytes(overview.bytes)}</dd>
            <dt>Survives</dt>
            <dd>{durability[about?.durability ?? 'none']}</dd>
            {overview.retention && (
              <>
                <dt>Keeps of what is done</dt>
                <dd>{keeps(overview.retention.done)}</dd>
              </>
            )}
          </dl>
        </Card>
      </div>
      <Tasks overview={overview} />
    </>
  )
}

const durability = {
  none: 'nothing: it is in memory',
  relaxed: 'the death of any program',
  full: 'a power cut',
} as const

function keeps({ count: most, age }: { count: number | null; age: number | null }): string {
  const parts = [most === null ? '' : `the last ${count(most)}`, age === null ? '' : span(age)].filter(
    each => each !== '',
  )
  return parts.length === 0 ? 'everything' : parts.join(', ')
}

function lastMinute({ minutes }: Overview): string {
  const last = minutes?.at(-2)
  if (last === undefined) return '–'
  const all = last.done + last.failed + last.cancelled
  return `${count(all)} (${(all / 60).toFixed(1)} a second)`
}

function Tasks({ overview }: { readonly overview: Overview }): JSX.Element | null {
  const { tasks } = overview
  if (tasks === undefined || tasks.length === 0) return null
  return (
    <Card title="Tasks in the last hour">
      <div class="scroll" tabIndex={0} role="region" aria-label="Tasks in the last hour">
        <table>
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col" class="number">
                Ended
              </th>
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number" title="Half of the runs took no longer">
                Run p50
              </th>
              <th scope="col" class="number" title="Nineteen of twenty runs took no longer">
                p95
              </th>
              <th scope="col" class="number">
                Longest
              </th>
              <th
                scope="col"
                class="number"
                title="From when a job was due to when it began; nineteen of twenty waited no longer"
              >
                Wait p95
              </th>
            </tr>
          </thead>
          <tbody>
            {tasks.slice(0, 30).map(({ task, ended, failed, run, wait }) => (
              <tr key={task}>
                <td>
                  <a href={searchAddress(`task:${quoted(task)}`)}>{visible(task)}</a>
                </td>
                <td class="number">{count(ended)}</td>
                <td class="number">
                  {failed === 0 ? (
                    <span class="quiet">0</span>
                  ) : (
                    <a class="bad" href={searchAddress(`task:${quoted(task)} state:failed,dead`)}>
                      {count(failed)}
                    </a>
                  )}
                </td>
                <td class="number">{run ? span(run.p50) : '–'}</td>
                <td class="number">{run ? span(run.p95) : '–'}</td>
                <td class="number">{run ? span(run.most) : '–'}</td>
                <td class="number">{wait ? span(wait.p95) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

/** The things that somebody should look at. */
function Warnings({ overview }: { readonly overview: Overview }): JSX.Element | null {
  if (overview.warnings.length === 0) return null
  return (
    <ul class="warnings" aria-label="Warnings">
      {overview.warnings.map((warning, at) => (
        <li key={at} class={warning.kind === 'dead' || warning.kind === 'damaged' ? 'is-bad' : ''}>
          {textOf(warning)}
        </li>
      ))}
    </ul>
  )
}

function textOf(warning: Overview['warnings'][number]): JSX.Element {
  switch (warning.kind) {
    case 'idle':
      return (
        <>
          <b>{plural(warning.jobs, 'job')}</b> {waits(warning.jobs)}, and nobody works on them: no worker is there.
          Start one: <code>skein worker tasks.ts</code>
        </>
      )
    case 'unclaimed':
      return (
        <>
          <b>{plural(warning.jobs, 'ready job')}</b> of{' '}
          <a href={searchAddress(`state:ready task:${quoted(warning.task)}`)}>{visible(warning.task)}</a>: no worker
          knows this task.
        </>
      )
    case 'deserted':
      return (
        <>
          <b>{plural(warning.jobs, 'job')}</b> {waits(warning.jobs)} in{' '}
          <a href={searchAddress(`state:ready queue:${quoted(warning.queue)}`)}>queue {visible(warning.queue)}</a>, from
          which no worker takes.
        </>
      )
    case 'paused':
      return (
        <>
          <a href={addressOf(['queues'])}>Queue {visible(warning.queue)}</a> is paused, and{' '}
          <b>{plural(warning.jobs, 'job')}</b> {waits(warning.jobs)} there.
        </>
      )
    case 'dead':
      return (
        <>
          <a href={searchAddress(`state:dead queue:${quoted(warning.queue)}`)}>{plural(warning.jobs, 'dead job')}</a> in
          queue {visible(warning.queue)}: somebody has to look at {warning.jobs === 1 ? 'it' : 'them'}.
        </>
      )
    case 'damaged':
      return (
        <>
          <a href={searchAddress('is:damaged')}>{plural(warning.jobs, 'job')}</a> of no known queue: damaged.
        </>
      )
    case 'looking':
      return (
        <>
          The file system does not tell {warning.looking} of {warning.open} programs of changes: they look 20 times a
          second.
        </>
      )
  }
}

function waits(jobs: number): string {
  return jobs === 1 ? 'waits' : 'wait'
}
