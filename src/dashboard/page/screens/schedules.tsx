import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { get, type Schedule } from '../api.ts'
import { count, moment, relative, span, visible } from '../format.ts'
import { addressOf, go, jobAddress, quoted, searchAddress } from '../route.ts'
import { DoButton, mayDo } from '../parts/act.tsx'
import { Json } from '../parts/json.tsx'
import { Ago, Card, Empty, Failed, Loading, StateMark, useNow } from '../parts/small.tsx'
import { type Live, useLoaded } from '../live.ts'

export function SchedulesScreen({ live }: { readonly live: Live }): JSX.Element {
  const [turn, setTurn] = useState(0)
  const slow = Math.floor((live.overview?.at ?? 0) / 5_000)
  const loaded = useLoaded(
    'schedules',
    signal => get<{ schedules: Schedule[] }>('schedules', signal),
    `${slow} ${turn}`,
  )
  const { about } = live
  if (loaded.error !== undefined && loaded.value === undefined)
    return <Failed error={loaded.error} again={loaded.again} />
  if (loaded.value === undefined) return <Loading />
  const { schedules } = loaded.value
  return (
    <>
      <h1>Schedules</h1>
      {schedules.length === 0 ? (
        <Empty>
          There are no schedules. Make one: <code>skein schedules add daily work.report --cron '0 8 * * mon-fri'</code>
        </Empty>
      ) : (
        <Card title={`${count(schedules.length)} ${schedules.length === 1 ? 'schedule' : 'schedules'}`}>
          <div class="scroll" tabIndex={0} role="region" aria-label="Schedules">
            <table>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">State</th>
                  <th scope="col">When</th>
                  <th scope="col">Next</th>
                  <th scope="col">Last runs</th>
                  <th scope="col">Task</th>
                  <th scope="col" class="number">
                    Jobs
                  </th>
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {schedules.map(each => (
                  <tr key={each.name}>
                    <th scope="row">
                      <a href={addressOf(['schedules', each.name])}>{visible(each.name)}</a>
                    </th>
                    <td>
                      <StateMark state={each.state} />
                    </td>
                    <td>{visible(ruleText(each))}</td>
                    <td>{each.next === undefined ? <span class="quiet">–</span> : <Ago at={each.next} />}</td>
                    <td>
                      <Runs runs={each.runs} />
                    </td>
                    <td>
                      <a href={searchAddress(`task:${quoted(each.task)}`)}>{visible(each.task)}</a>
                    </td>
                    <td class="number">{count(each.count)}</td>
                    <td class="acts">
                      <Acts schedule={each} about={about} changed={() => setTurn(turn + 1)} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
    </>
  )
}

export function ScheduleScreen({ live, name }: { readonly live: Live; readonly name: string }): JSX.Element {
  const [turn, setTurn] = useState(0)
  const now = useNow()
  const slow = Math.floor((live.overview?.at ?? 0) / 5_000)
  const loaded = useLoaded(
    `schedule ${name}`,
    signal => get<Schedule>(`schedules/${encodeURIComponent(name)}`, signal),
    `${slow} ${turn}`,
  )
  const schedule = loaded.value
  if (schedule === undefined)
    return loaded.error === undefined ? <Loading /> : <Failed error={loaded.error} again={loaded.again} />
  return (
    <>
      <p class="crumbs">
        <a href={addressOf(['schedules'])}>Schedules</a>
      </p>
      <div class="title">
        <h1>{visible(schedule.name)}</h1>
        <StateMark state={schedule.state} />
        <span class="acts">
          <Acts schedule={schedule} about={live.about} changed={() => setTurn(turn + 1)} />
        </span>
      </div>
      {schedule.error && (
        <p class="danger-note" role="alert">
          {visible(schedule.error.message)}
        </p>
      )}
      <div class="columns">
        <Card title="What it does">
          <dl class="facts">
            <dt>When</dt>
            <dd>{visible(ruleText(schedule))}</dd>
            <dt>Task</dt>
            <dd>
              <a href={searchAddress(`task:${quoted(schedule.task)}`)}>{visible(schedule.task)}</a>
            </dd>
            <dt>Queue</dt>
            <dd>
              <a href={searchAddress(`queue:${quoted(schedule.queue)}`)}>{visible(schedule.queue)}</a>
            </dd>
            <dt>While the one before runs</dt>
            <dd>{overlaps[schedule.overlap] ?? schedule.overlap}</dd>
            <dt>Catches up</dt>
            <dd>{schedule.catchUp}</dd>
            {schedule.jitter > 0 && (
              <>
                <dt>Starts later by up to</dt>
                <dd>{span(schedule.jitter)}</dd>
              </>
            )}
            <dt>Jobs so far</dt>
            <dd>
              {count(schedule.count)}
              {schedule.most === undefined ? '' : ` of ${count(schedule.most)}`}
            </dd>
            <dt>Made by</dt>
            <dd>{schedule.declared ? 'a program that declares it' : 'hand, or a program'}</dd>
          </dl>
          {schedule.args && schedule.args.length > 0 && (
            <>
              <h3>Arguments</h3>
              <Json value={schedule.args} what="arguments" />
            </>
          )}
        </Card>
        <Card title="Next times">
          {(schedule.times ?? []).length === 0 ? (
            <Empty>It does not come due any more.</Empty>
          ) : (
            <ol class="times">
              {schedule.times?.map(each => (
                <li key={each}>
                  <span>{moment(each).slice(0, 19)}</span>
                  <span class="quiet">{relative(Date.parse(each), now)}</span>
                </li>
              ))}
            </ol>
          )}
        </Card>
        <Card title="Last runs">
          {schedule.runs.length === 0 ? (
            <Empty>It has not run yet.</Empty>
          ) : (
            <ol class="times">
              {schedule.runs.map(({ id, at, outcome }) => (
                <li key={id}>
                  {outcome === 'submitted' ? (
                    <a href={jobAddress(id)}>{moment(at).slice(0, 19)}</a>
                  ) : (
                    <span>{moment(at).slice(0, 19)}</span>
                  )}
                  <span class="quiet">
                    {outcome}, {relative(at, now)}
                  </span>
                </li>
              ))}
            </ol>
          )}
        </Card>
      </div>
    </>
  )
}

const overlaps: Readonly<Record<string, string>> = {
  allow: 'both run',
  skip: 'the next is left out',
  queue: 'the next waits for it',
  cancel: 'it is cancelled',
}

function Acts(props: {
  readonly schedule: Schedule
  readonly about: Live['about']
  readonly changed: () => void
}): JSX.Element {
  const { schedule, about, changed } = props
  const path = `schedules/${encodeURIComponent(schedule.name)}`
  const isReadable = schedule.state !== 'unreadable'
  const isPaused = schedule.state === 'paused'
  return (
    <>
      {isReadable && mayDo(about, 'run') && (
        <DoButton
          path={`${path}/run`}
          label="Run now"
          name={`Run now: ${visible(schedule.name)}`}
          done={answer => go(jobAddress((answer as { id: string }).id))}
        />
      )}
      {(isPaused || schedule.state === 'active') && mayDo(about, 'pause') && (
        <DoButton
          path={`${path}/${isPaused ? 'resume' : 'pause'}`}
          label={isPaused ? 'Resume' : 'Pause'}
          name={`${isPaused ? 'Resume' : 'Pause'} ${visible(schedule.name)}`}
          done={changed}
        />
      )}
    </>
  )
}

/** The last runs as marks, the latest at the right. */
function Runs({ runs }: { readonly runs: Schedule['runs'] }): JSX.Element {
  if (runs.length === 0) return <span class="quiet">–</span>
  const latest = runs[0] as Schedule['runs'][number]
  return (
    <span class="run-marks">
      {[...runs].reverse().map(({ id, at, outcome }) => (
        <i key={id} class={`run-${outcome}`} title={`${moment(at)}: ${outcome}`} />
      ))}{' '}
      <Ago at={latest.at} />
    </span>
  )
}

function ruleText({ rule }: Schedule): string {
  if (rule === undefined) return '–'
  if ('cron' in rule) return `${rule.cron} ${rule.timeZone}`
  return 'at' in rule ? `once, ${moment(rule.at).slice(0, 19)}` : `every ${span(rule.every)}`
}
