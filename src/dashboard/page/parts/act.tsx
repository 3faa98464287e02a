import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { type About, type ManyProgress, post, postMany } from '../api.ts'
import { count, plural, visible } from '../format.ts'
import { Dialog } from './dialog.tsx'

/** Something that can be done to jobs, after it was confirmed. */
export interface Wanted {
  readonly action: 'retry' | 'cancel' | 'purge'
  /** The jobs, or all that match. */
  readonly jobs: { readonly ids: readonly string[] } | { readonly search: string; readonly about: number | undefined }
  /** Is called once it was done. */
  readonly done?: (() => void) | undefined
}

const words = {
  retry: { verb: 'Retry', title: 'Retry', what: 'will run again, with a fresh count of attempts.' },
  cancel: {
    verb: 'Cancel jobs',
    title: 'Cancel',
    what: 'will not run. Those that run are asked to stop, and are ended by force after their grace period.',
  },
  purge: {
    verb: 'Purge',
    title: 'Purge',
    what: 'will be forgotten for good, with their results. Running jobs are not touched.',
  },
} as const

const outcomeWords: Readonly<Record<string, string>> = {
  ready: 'will run again',
  pending: 'had not ended: nothing to do',
  taken: 'cannot run again: another job has the same unique key',
  gone: 'unknown to the store',
  cancelled: 'cancelled',
  cancelling: 'asked to stop',
  ended: 'had ended already',
  purged: 'forgotten',
  left: 'left: running, or not there any more',
}

/** Asks whether it is meant, does it, and shows how far it has come. */
export function ActDialog({ wanted, close }: { readonly wanted: Wanted; readonly close: () => void }): JSX.Element {
  const [progress, setProgress] = useState<ManyProgress | undefined>(undefined)
  const [phase, setPhase] = useState<'asking' | 'doing' | 'done' | 'stopped' | Error>('asking')
  const [reason, setReason] = useState('')
  const controller = useRef(new AbortController())
  const { action, jobs } = wanted
  const { verb, title, what } = words[action]
  const isAll = 'search' in jobs
  const many = isAll
    ? jobs.about === undefined
      ? 'All jobs that match'
      : `All ${count(jobs.about)} jobs that match`
    : jobs.ids.length === 1
      ? 'This job'
      : plural(jobs.ids.length, 'job')
  const begin = async (): Promise<void> => {
    setPhase('doing')
    const body = isAll ? { search: jobs.search } : { ids: jobs.ids }
    const path = `jobs/${action}`
    try {
      await postMany(
        path,
        action === 'cancel' && reason !== '' ? { ...body, reason } : body,
        setProgress,
        controller.current.signal,
      )
      setPhase('done')
    } catch (error) {
      setPhase(controller.current.signal.aborted ? 'stopped' : (error as Error))
    }
    wanted.done?.()
  }
  const acted = Object.values(progress?.outcomes ?? {}).reduce((all, each) => all + each, 0)
  return (
    <Dialog title={phase === 'asking' ? `${title}?` : title} close={() => (phase === 'doing' ? undefined : close())}>
      {phase === 'asking' && (
        <>
          <p>
            {many} {what}
          </p>
          {isAll && jobs.search !== '' && <pre class="query">{visible(jobs.search)}</pre>}
          {isAll && jobs.search === '' && (
            <p class="danger-note">The search is empty: this means every job of the store to which it can be done.</p>
          )}
          {action === 'cancel' && (
            <label class="field">
              Reason
              <input
                value={reason}
                onInput={event => setReason(event.currentTarget.value)}
                placeholder="the job hears it"
              />
            </label>
          )}
        </>
      )}
      {phase !== 'asking' && (
        <div role="status">
          {progress !== undefined && (
            <>
              <progress max={Math.max(1, progress.found)} value={acted} aria-label="done" />
              <p>
                {progress.isFoundAll
                  ? `${count(acted)} of ${count(progress.found)}`
                  : `Found ${plural(progress.found, 'job')} so far, looked at ${count(progress.looked)}`}
              </p>
              <ul class="outcomes">
                {Object.entries(progress.outcomes).map(([outcome, value]) => (
                  <li key={outcome}>
                    <b>{count(value)}</b> {outcomeWords[outcome] ?? outcome}
                  </li>
                ))}
              </ul>
            </>
          )}
          {phase === 'done' && (progress?.found ?? 0) === 0 && <p>No job matches.</p>}
          {phase === 'stopped' && <p>Stopped. What was done stays done.</p>}
          {phase instanceof Error && <p class="danger-note">{visible(phase.message)}</p>}
        </div>
      )}
      <div class="buttons">
        {phase === 'asking' && (
          <>
            <button type="button" onClick={close}>
              Not now
            </button>
            <button
              type="button"
              class={action === 'retry' ? 'primary' : 'danger'}
              autofocus
              onClick={() => void begin()}
            >
              {verb}
            </button>
          </>
        )}
        {phase === 'doing' && (
          <button type="button" onClick={() => controller.current.abort()}>
            Stop
          </button>
        )}
        {phase !== 'asking' && phase !== 'doing' && (
          <button type="button" class="primary" autofocus onClick={close}>
            Close
          </button>
        )}
      </div>
    </Dialog>
  )
}

/** True where something may be done here, and the store can do it. */
export function mayDo(about: About | undefined, right: About['may'][number], ...can: readonly string[]): boolean {
  return about !== undefined && about.may.includes(right) && can.every(each => about.can.includes(each))
}

/** A button that has something done at once, and says when that went wrong. */
export function DoButton(props: {
  readonly path: string
  readonly label: string
  readonly name: string
  readonly done: (answer: unknown) => void
}): JSX.Element {
  const [state, setState] = useState<'idle' | 'doing' | Error>('idle')
  const act = async (): Promise<void> => {
    setState('doing')
    try {
      props.done(await post(props.path))
      setState('idle')
    } catch (error) {
      setState(error as Error)
    }
  }
  return (
    <>
      <button type="button" aria-label={props.name} disabled={state === 'doing'} onClick={() => void act()}>
        {props.label}
      </button>
      {state instanceof Error && (
        <span class="danger-note" role="alert">
          {visible(state.message)}
        </span>
      )}
    </>
  )
}
