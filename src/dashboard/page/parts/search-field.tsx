import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { visible } from '../format.ts'
import { quoted } from '../route.ts'
import type { Live } from '../live.ts'

/** The search: what is written, and what could be meant by it. */
export function SearchField(props: {
  readonly q: string
  readonly live: Live
  readonly search: (q: string) => void
}): JSX.Element {
  const { q, live, search } = props
  const [text, setText] = useState(q)
  const [at, setAt] = useState(-1)
  const [isOpen, setOpen] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setText(q), [q])
  const proposals = isOpen ? proposalsFor(text, live) : []
  const take = (proposal: string): void => {
    const before = text.replace(/\S*$/, '')
    setText(`${before}${proposal}`)
    setAt(-1)
    input.current?.focus()
  }
  return (
    <form
      class="search"
      role="search"
      onSubmit={event => {
        event.preventDefault()
        setOpen(false)
        search(text.trim())
      }}
    >
      <input
        ref={input}
        id="search"
        type="text"
        role="combobox"
        aria-label="Search jobs"
        aria-expanded={proposals.length > 0}
        aria-controls="proposals"
        aria-autocomplete="list"
        aria-activedescendant={at < 0 || proposals.length === 0 ? undefined : `proposal-${at}`}
        autocomplete="off"
        spellcheck={false}
        placeholder="state:failed task:mail.* ada@example.org sent:1h"
        value={text}
        onInput={event => {
          setText(event.currentTarget.value)
          setOpen(true)
          setAt(-1)
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            if (proposals.length > 0) setOpen(false)
            else event.currentTarget.blur()
          }
          if (proposals.length === 0) return
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault()
            const next = at + (event.key === 'ArrowDown' ? 1 : -1)
            setAt(Math.max(-1, Math.min(proposals.length - 1, next)))
          }
          if ((event.key === 'Enter' || event.key === 'Tab') && at >= 0) {
            event.preventDefault()
            take(proposals[at]?.text as string)
          }
        }}
      />
      <button type="submit" class="primary">
        Search
      </button>
      <ul id="proposals" role="listbox" aria-label="Proposals" hidden={proposals.length === 0}>
        {proposals.map((proposal, index) => (
          <li
            key={proposal.text}
            id={`proposal-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={event => {
              event.preventDefault()
              take(proposal.text)
            }}
          >
            <code>{visible(proposal.text)}</code> <span class="quiet">{visible(proposal.about)}</span>
          </li>
        ))}
      </ul>
    </form>
  )
}

interface Proposal {
  readonly text: string
  readonly about: string
}

const states = ['ready', 'running', 'delayed', 'held', 'done', 'failed', 'dead', 'cancelled']
const most = 8

/** What the last word may become: a key, or a value of its key. */
function proposalsFor(text: string, { about, overview }: Live): Proposal[] {
  const word = /\S*$/.exec(text)?.[0] ?? ''
  const [, minus = '', key = '', , value = ''] = /^(-?)([a-z]*)(:(.*))?$/s.exec(word) ?? []
  if (!word.includes(':')) {
    return Object.entries(about?.search ?? {})
      .filter(([name]) => name.startsWith(key) && word.length - minus.length === key.length)
      .slice(0, most)
      .map(([name, example]) => ({ text: `${minus}${name}:`, about: example }))
  }
  const values: Readonly<Record<string, readonly string[]>> = {
    state: states,
    queue: overview?.queues.map(each => each.queue) ?? [],
    task: [
      ...new Set([
        ...(overview?.tasks ?? []).map(each => each.task),
        ...(overview?.workers ?? []).flatMap(each => each.tasks),
      ]),
    ],
    worker: overview?.workers.map(each => each.worker) ?? [],
    is: ['retried', 'damaged'],
    sent: ['1h', '24h', '7d'],
    ended: ['1h', '24h', '7d'],
  }
  return (values[key] ?? [])
    .filter(each => each.startsWith(value) && each !== value)
    .slice(0, most)
    .map(each => ({ text: `${minus}${key}:${quoted(each)} `, about: '' }))
}
