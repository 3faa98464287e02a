import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { type Job, post } from '../api.ts'
import { visible } from '../format.ts'
import { go, jobAddress } from '../route.ts'
import { Dialog } from './dialog.tsx'

/** Submits a job like another one, with other arguments. */
export function CloneDialog({ job, close }: { readonly job: Job; readonly close: () => void }): JSX.Element {
  const [args, setArgs] = useState(JSON.stringify(job.args ?? [], null, 2))
  const [kwargs, setKwargs] = useState(job.kwargs === undefined ? '' : JSON.stringify(job.kwargs, null, 2))
  const [queue, setQueue] = useState(job.queue)
  const [error, setError] = useState<string | undefined>(undefined)
  const [isSending, setSending] = useState(false)
  const submit = async (): Promise<void> => {
    let body: object
    try {
      body = {
        args: parsed(args, 'The arguments', Array.isArray),
        ...(kwargs.trim() === '' ? {} : { kwargs: parsed(kwargs, 'The arguments by name', isObject) }),
        queue,
      }
    } catch (problem) {
      return setError((problem as Error).message)
    }
    setSending(true)
    try {
      const { id } = await post<{ id: string }>(`jobs/${encodeURIComponent(job.id)}/clone`, body)
      close()
      go(jobAddress(id))
    } catch (problem) {
      setSending(false)
      setError((problem as Error).message)
    }
  }
  return (
    <Dialog title="Clone and edit" close={close} wide>
      <p>
        Submits a new job of <b>{visible(job.task)}</b>. What is hidden, and is left so, stays what it is.
      </p>
      <label class="field">
        Arguments, a list of JSON
        <textarea rows={10} spellcheck={false} value={args} onInput={event => setArgs(event.currentTarget.value)} />
      </label>
      {job.kwargs !== undefined && (
        <label class="field">
          By name
          <textarea
            rows={5}
            spellcheck={false}
            value={kwargs}
            onInput={event => setKwargs(event.currentTarget.value)}
          />
        </label>
      )}
      <label class="field">
        Queue
        <input value={queue} onInput={event => setQueue(event.currentTarget.value)} />
      </label>
      {error !== undefined && (
        <p class="danger-note" role="alert">
          {visible(error)}
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={close}>
          Not now
        </button>
        <button type="button" class="primary" disabled={isSending} onClick={() => void submit()}>
          Submit
        </button>
      </div>
    </Dialog>
  )
}

function parsed(text: string, what: string, fits: (value: unknown) => boolean): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${what} are not JSON: ${(error as Error).message}`)
  }
  if (!fits(value)) throw new Error(`${what} must be ${fits === Array.isArray ? 'a list' : 'an object'}.`)
  return value
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
