import { type JSX, render } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { visible } from './format.ts'
import { type Live, type Trouble, useLive } from './live.ts'
import { ActDialog, type Wanted } from './parts/act.tsx'
import { Help } from './parts/help.tsx'
import { addressOf, go, type Place, usePlace } from './route.ts'
import { JobScreen } from './screens/job.tsx'
import { JobsScreen } from './screens/jobs.tsx'
import { OverviewScreen } from './screens/overview.tsx'
import { QueuesScreen } from './screens/queues.tsx'
import { ScheduleScreen, SchedulesScreen } from './screens/schedules.tsx'
import { WorkersScreen } from './screens/workers.tsx'

/** The screens, each with its key and with what the store must be able to do. */
const screens = [
  { path: '', name: 'Overview', key: 'o', can: 'stats' },
  { path: 'queues', name: 'Queues', key: 'q', can: 'stats' },
  { path: 'jobs', name: 'Jobs', key: 'j', can: 'list' },
  { path: 'schedules', name: 'Schedules', key: 's', can: 'schedules' },
  { path: 'workers', name: 'Workers', key: 'w', can: 'workers' },
] as const

function Page(): JSX.Element {
  const place = usePlace()
  const live = useLive()
  const [isHelping, setHelping] = useState(false)
  const [wanted, setWanted] = useState<Wanted | undefined>(undefined)
  const { about } = live
  const shown = screens.filter(({ can }) => about === undefined || about.can.includes(can))
  const [first = ''] = place.path
  useEffect(() => {
    const name = screens.find(({ path }) => path === first)?.name ?? 'skein'
    const what = place.path[1]
    document.title = `${what === undefined ? name : visible(what)} · skein`
    window.scrollTo(0, 0)
  }, [place.path.join('/')])
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { target, key } = event
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return
      if (target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return
      const screen = shown.find(each => each.key === key)
      if (key === '/') {
        event.preventDefault()
        if (first !== 'jobs' || place.path.length > 1) go(addressOf(['jobs']))
        setTimeout(() => document.querySelector<HTMLInputElement>('#search')?.focus())
      } else if (key === '?') setHelping(true)
      else if (key === 'Escape' && place.path.length > 1) history.back()
      else if (screen !== undefined) go(addressOf(screen.path === '' ? [] : [screen.path]))
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  })
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={event => (event.preventDefault(), document.querySelector<HTMLElement>('main')?.focus())}
      >
        To the content
      </a>
      <header class="bar">
        <a class="brand" href={addressOf([])}>
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <path d="M3 10c7 0 7 12 13 12s6-12 13-12M3 22c7 0 7-12 13-12s6 12 13 12" />
          </svg>
          skein
        </a>
        <nav aria-label="Screens">
          {shown.map(({ path, name, key }) => (
            <a
              key={path}
              href={addressOf(path === '' ? [] : [path])}
              aria-current={path === first ? 'page' : undefined}
              aria-keyshortcuts={key}
            >
              {name}
            </a>
          ))}
        </nav>
        <div class="bar-end">
          <LiveMark trouble={live.trouble} isThere={live.overview !== undefined} />
          <button
            type="button"
            class="plain"
            aria-label="Help: keys and searches"
            aria-keyshortcuts="?"
            onClick={() => setHelping(true)}
          >
            ?
          </button>
        </div>
      </header>
      {about && (
        <p class="store">
          <code>{visible(about.store)}</code>
          {about.may.length === 0 && <span class="badge">read-only</span>}
          {about.visitor !== undefined && <span class="quiet">{visible(about.visitor)}</span>}
        </p>
      )}
      {live.trouble && (
        <p class="trouble" role="alert">
          {troubleText(live.trouble)}
        </p>
      )}
      <main id="main" tabIndex={-1}>
        <Screen place={place} live={live} act={setWanted} />
      </main>
      {isHelping && <Help about={about} close={() => setHelping(false)} />}
      {wanted && <ActDialog wanted={wanted} close={() => setWanted(undefined)} />}
    </>
  )
}

function Screen(props: {
  readonly place: Place
  readonly live: Live
  readonly act: (wanted: Wanted) => void
}): JSX.Element {
  const { place, live, act } = props
  const [first = '', second] = place.path
  if (live.about === undefined && live.trouble?.kind === 'out') return <h1>No access</h1>
  if (first === '') return <OverviewScreen live={live} />
  if (first === 'queues') return <QueuesScreen live={live} />
  if (first === 'jobs' && second !== undefined) return <JobScreen key={second} live={live} id={second} act={act} />
  if (first === 'jobs') return <JobsScreen live={live} q={place.params.get('q') ?? ''} act={act} />
  if (first === 'schedules' && second !== undefined) return <ScheduleScreen key={second} live={live} name={second} />
  if (first === 'schedules') return <SchedulesScreen live={live} />
  if (first === 'workers') return <WorkersScreen live={live} />
  return (
    <>
      <h1>Nothing here</h1>
      <p>
        There is no such screen. <a href={addressOf([])}>Overview</a>
      </p>
    </>
  )
}

function LiveMark({
  trouble,
  isThere,
}: {
  readonly trouble: Trouble | undefined
  readonly isThere: boolean
}): JSX.Element {
  const state = trouble !== undefined ? 'away' : isThere ? 'live' : 'begins'
  return (
    <span class={`live is-${state}`}>
      <i aria-hidden="true" />
      {{ away: 'not live', live: 'live', begins: '…' }[state]}
    </span>
  )
}

function troubleText({ kind, message }: Trouble): string {
  if (kind === 'away') return `${message} What is shown is as it was; it is asked again.`
  if (kind === 'store') return `The store cannot be looked into: ${visible(message)}`
  return visible(message)
}

render(<Page />, document.querySelector('#page') as HTMLElement)
