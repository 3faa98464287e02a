import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { moment, relative, visible } from '../format.ts'

/** Text of anybody, as text. */
function Words({ text }: { readonly text: string }): JSX.Element {
  return <>{visible(text)}</>
}

export function StateMark({ state }: { readonly state: string }): JSX.Element {
  return (
    <span class={`state is-${state}`}>
      <i aria-hidden="true" />
      {state}
    </span>
  )
}

/** The time of this browser, again every so often. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}

export function Ago({ at }: { readonly at: number | string | undefined }): JSX.Element {
  const now = useNow()
  if (at === undefined) return <span class="quiet">–</span>
  const time = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(time).toISOString()} title={moment(time)}>
      {relative(time, now)}
    </time>
  )
}

export function Card(props: {
  readonly title: ComponentChildren
  readonly side?: ComponentChildren
  readonly class?: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class={`card ${props.class ?? ''}`}>
      <header>
        <h2>{props.title}</h2>
        {props.side}
      </header>
      {props.children}
    </section>
  )
}

export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>
}

/** What could not be loaded, and a way to try again. */
export function Failed({ error, again }: { readonly error: Error; readonly again?: () => void }): JSX.Element {
  return (
    <div class="failed" role="alert">
      <p>
        <Words text={error.message} />
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}

export function Loading(): JSX.Element {
  return (
    <p class="loading" role="status">
      Loading…
    </p>
  )
}

export function Copy({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 1_500)
    return () => clearTimeout(timer)
  }, [isDone])
  return (
    <button
      type="button"
      class="plain copy"
      aria-label={`Copy ${what}`}
      onClick={() => void navigator.clipboard?.writeText(text).then(() => setDone(true))}
    >
      {isDone ? 'copied' : 'copy'}
    </button>
  )
}
