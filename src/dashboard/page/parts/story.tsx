import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Failure, StoryEntry } from '../api.ts'
import { count, moment, span, visible } from '../format.ts'
import { FailureView } from './failure.tsx'
import { Json } from './json.tsx'
import { Card } from './small.tsx'

type Fields = Readonly<Record<string, unknown>>

/** What has happened to a job and what it has left behind: its progress, steps, log lines and turns. */
export function Story(props: {
  readonly story: readonly StoryEntry[]
  readonly omitted: number | undefined
}): JSX.Element | null {
  const { story, omitted } = props
  const [isWhole, setWhole] = useState(false)
  if (story.length === 0) return null
  const progress = story.findLast(({ kind }) => kind === 'progress')
  const told = story.filter(({ kind }) => kind !== 'progress')
  const shown = isWhole ? told : told.slice(-200)
  return (
    <Card title="Story">
      {progress && <Progress value={progress.value} />}
      {(omitted !== undefined || shown.length < told.length) && (
        <p class="quiet">
          {omitted !== undefined && `${count(omitted)} earlier entries are left out. `}
          {shown.length < told.length && (
            <button type="button" class="plain" onClick={() => setWhole(true)}>
              show {count(told.length - shown.length)} more
            </button>
          )}
        </p>
      )}
      <ol class="story">
        {shown.map(entry => (
          <li key={entry.sequence} class={`story-${entry.kind}`}>
            <time title={entry.time === undefined ? '' : moment(entry.time)}>
              {entry.time === undefined ? '–' : moment(entry.time).slice(11)}
            </time>
            <Entry entry={entry} />
          </li>
        ))}
      </ol>
    </Card>
  )
}

/** A part of a whole as a bar, where it says so; anything else as it is. */
function Progress({ value }: { readonly value: unknown }): JSX.Element {
  const { done, of, total } = fieldsOf(value)
  const part = typeof value === 'number' && value >= 0 && value <= 1 ? value : ratio(done, of ?? total)
  return (
    <div class="progress">
      {part !== undefined && <progress max={1} value={part} aria-label="Progress" />}
      <Json value={value} what="progress" />
    </div>
  )
}

function ratio(done: unknown, of: unknown): number | undefined {
  return typeof done === 'number' && typeof of === 'number' && of > 0 ? Math.min(1, Math.max(0, done / of)) : undefined
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function Entry({ entry }: { readonly entry: StoryEntry }): JSX.Element {
  const { kind, value, damaged } = entry
  if (damaged && value === undefined) return <span class="bad">(damaged)</span>
  const fields = fieldsOf(value)
  switch (kind) {
    case 'log':
      return (
        <div>
          <span class="log">
            {visible(typeof fields['text'] === 'string' ? fields['text'] : JSON.stringify(value))}
          </span>
          {fields['fields'] !== undefined && <Json value={fields['fields']} what="fields" />}
        </div>
      )
    case 'state':
      return <Turn fields={fields} />
    case 'step':
    case 'undone':
    case 'item':
    default:
      return (
        <div>
          <b>{kind === 'item' ? 'value' : kind}</b> {typeof fields['name'] === 'string' && visible(fields['name'])}
          <Json value={'value' in fields ? fields['value'] : value} what={kind} />
        </div>
      )
  }
}

function Turn({ fields }: { readonly fields: Fields }): JSX.Element {
  const { state, worker, attempt, delay, error, reason, after, into } = fields
  const failure = error as Failure | undefined
  const said = turnText(String(state), { worker, attempt, delay, reason, after, into })
  return (
    <div>
      <span class={state === 'died' || state === 'retry' ? 'bad' : 'quiet'}>{visible(said)}</span>
      {failure && <FailureView failure={failure} />}
    </div>
  )
}

function turnText(state: string, { worker, attempt, delay, reason, after, into }: Fields): string {
  switch (state) {
    case 'retry':
      return `attempt failed; tried again ${typeof delay === 'number' && delay > 0 ? `after ${span(delay)}` : 'at once'}`
    case 'died':
      return `its worker died: ${String(worker)}, in attempt ${String(attempt)}`
    case 'released':
      return after === undefined ? 'handed back; the attempt does not count' : 'has given its place back, and waits'
    case 'cancelling':
      return `asked to stop: ${typeof reason === 'string' ? reason : JSON.stringify(reason)}`
    case 'undoing':
      return `${String(into)}, and its steps are undone first`
    case 'again':
      return 'made to run again by hand'
    default:
      return state
  }
}
