import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { visible } from '../format.ts'
import { Copy } from './small.tsx'

/** A value of JSON as a tree that opens. What is large is closed at first. */
export function Json({ value, what }: { readonly value: unknown; readonly what: string }): JSX.Element {
  return (
    <div class="json">
      <Copy text={JSON.stringify(value, null, 2) ?? ''} what={what} />
      <Node value={value} depth={0} />
    </div>
  )
}

const mostShown = 100
const longestText = 2_000

function Node({ value, depth }: { readonly value: unknown; readonly depth: number }): JSX.Element {
  if (value === null || value === undefined) return <span class="j-null">null</span>
  if (typeof value === 'string') return <Text text={value} />
  if (typeof value !== 'object') return <span class={`j-${typeof value}`}>{String(value)}</span>
  const entries = Array.isArray(value)
    ? value.map((each, at) => [String(at), each as unknown] as const)
    : Object.entries(value as Record<string, unknown>)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) return <span class="j-mark">{open + close}</span>
  return (
    <Branch
      entries={entries}
      open={open as string}
      close={close as string}
      isList={Array.isArray(value)}
      depth={depth}
    />
  )
}

function Branch(props: {
  readonly entries: readonly (readonly [string, unknown])[]
  readonly open: string
  readonly close: string
  readonly isList: boolean
  readonly depth: number
}): JSX.Element {
  const { entries, open, close, isList, depth } = props
  const [isOpen, setOpen] = useState(depth < 2 || (depth < 4 && entries.length <= 10))
  const [most, setMost] = useState(mostShown)
  const left = entries.length - most
  if (!isOpen) {
    return (
      <button type="button" class="plain j-more" aria-expanded="false" onClick={() => setOpen(true)}>
        {open} {entries.length} {isList ? 'items' : 'fields'} {close}
      </button>
    )
  }
  return (
    <span>
      <button type="button" class="plain j-mark" aria-expanded="true" aria-label="Close" onClick={() => setOpen(false)}>
        {open}
      </button>
      <ul>
        {entries.slice(0, most).map(([key, each]) => (
          <li key={key}>
            {!isList && <span class="j-key">{visible(key)}: </span>}
            <Node value={each} depth={depth + 1} />
          </li>
        ))}
        {left > 0 && (
          <li>
            <button type="button" class="plain j-more" onClick={() => setMost(most + 1_000)}>
              {left} more
            </button>
          </li>
        )}
      </ul>
      <span class="j-mark">{close}</span>
    </span>
  )
}

function Text({ text }: { readonly text: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  if (text === '[hidden]') return <span class="j-hidden">hidden</span>
  const shown = isWhole || text.length <= longestText ? text : `${text.slice(0, longestText)}…`
  return (
    <span class="j-string">
      "{visible(shown)}"
      {shown !== text && (
        <button type="button" class="plain j-more" onClick={() => setWhole(true)}>
          {' '}
          all {text.length} characters
        </button>
      )}
    </span>
  )
}
