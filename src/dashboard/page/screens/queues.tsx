import type { JSX } from 'preact'
import { count, span, visible } from '../format.ts'
import { quoted, searchAddress } from '../route.ts'
import { DoButton, mayDo } from '../parts/act.tsx'
import { Card, Empty, Loading } from '../parts/small.tsx'
import type { Live } from '../live.ts'

const states = ['ready', 'running', 'delayed', 'held', 'done', 'failed', 'dead', 'cancelled'] as const

export function QueuesScreen({ live }: { readonly live: Live }): JSX.Element {
  const { overview, about } = live
  if (overview === undefined) return <Loading />
  const canPause = mayDo(about, 'pause', 'pause')
  return (
    <>
      <h1>Queues</h1>
      {overview.queues.length === 0 ? (
        <Empty>No job has been submitted yet.</Empty>
      ) : (
        <Card title={`${count(overview.queues.length)} ${overview.queues.length === 1 ? 'queue' : 'queues'}`}>
          <div class="scroll" tabIndex={0} role="region" aria-label="Queues">
            <table>
              <thead>
                <tr>
                  <th scope="col">Queue</th>
                  {states.map(state => (
                    <th key={state} scope="col" class="number">
                      {state}
                    </th>
                  ))}
                  <th scope="col" class="number">
                    oldest waits
                  </th>
                  <th scope="col" class="number">
                    workers
                  </th>
                  {canPause && (
                    <th scope="col">
                      <span class="unseen">Actions</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {overview.queues.map(({ queue, counts, paused, oldest }) => {
                  const workers = overview.workers.filter(each => each.queues.includes(queue)).length
                  const isDeserted = workers === 0 && counts.ready > 0
                  return (
                    <tr key={queue}>
                      <th scope="row">
                        <a href={searchAddress(`queue:${quoted(queue)}`)}>{visible(queue)}</a>{' '}
                        {paused && <span class="badge is-warning">paused</span>}
                      </th>
                      {states.map(state => (
                        <td key={state} class="number">
                          {counts[state] === 0 ? (
                            <span class="quiet">0</span>
                          ) : (
                            <a
                              class={state === 'failed' || state === 'dead' ? 'bad' : ''}
                              href={searchAddress(`queue:${quoted(queue)} state:${state}`)}
                            >
                              {count(counts[state])}
                            </a>
                          )}
                        </td>
                      ))}
                      <td class="number">{oldest === 0 ? <span class="quiet">–</span> : span(oldest)}</td>
                      <td class="number">{isDeserted ? <span class="bad">none</span> : count(workers)}</td>
                      {canPause && (
                        <td class="acts">
                          <DoButton
                            path={`queues/${encodeURIComponent(queue)}/${paused ? 'resume' : 'pause'}`}
                            label={paused ? 'Resume' : 'Pause'}
                            name={`${paused ? 'Resume' : 'Pause'} queue ${visible(queue)}`}
                            done={() => {}}
                          />
                        </td>
                      )}
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </div>
        </Card>
      )}
    </>
  )
}
