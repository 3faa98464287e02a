import type { JSX } from 'preact'
import type { About } from '../api.ts'
import { Dialog } from './dialog.tsx'

const keys: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'search'],
  ['?', 'this help'],
  ['o  q  j  s  w', 'overview, queues, jobs, schedules, workers'],
  ['↑  ↓', 'move in the list of jobs'],
  ['Enter', 'open the job'],
  ['x', 'select the job'],
  ['Esc', 'close, go back'],
]

/** The keys, and the language of searches. */
export function Help({ about, close }: { readonly about: About | undefined; readonly close: () => void }): JSX.Element {
  return (
    <Dialog title="Help" close={close} wide>
      <div class="columns">
        <section>
          <h3>Keys</h3>
          <dl class="facts">
            {keys.map(([key, what]) => (
              <>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </>
            ))}
          </dl>
        </section>
        <section>
          <h3>Searches</h3>
          <p>
            Words with a key, and others, which are looked for in id, task, arguments, error and tags. All must match; a
            word after <code>-</code> must not. Commas are alternatives, <code>*</code> is anything, and what has spaces
            goes in quotes.
          </p>
          <dl class="facts">
            {Object.entries(about?.search ?? {}).map(([key, example]) => (
              <>
                <dt>{key}:</dt>
                <dd>
                  <code>{example}</code>
                </dd>
              </>
            ))}
          </dl>
        </section>
      </div>
      <div class="buttons">
        <button type="button" class="primary" autofocus onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  )
}
