import type { JSX } from 'preact'
import type { Failure } from '../api.ts'
import { moment, visible } from '../format.ts'
import { Copy } from './small.tsx'

/** An error, with its stack. */
export function FailureView({ failure }: { readonly failure: Failure }): JSX.Element {
  const { name, message, code, stack, reason, deaths } = failure
  // Its first lines say what stands above it.
  const frames = (stack ?? '').split('\n').filter(line => /^\s+(?:at |---|File )/.test(line))
  const [first = '', ...more] = message.split('\n')
  return (
    <div class="failure">
      <p>
        <b>{visible(code === undefined ? name : `${name} (${code})`)}</b>: {visible(first)}
      </p>
      {more.length > 0 && <pre>{visible(more.join('\n'))}</pre>}
      {reason !== undefined && (
        <p>
          Reason: <b>{visible(typeof reason === 'string' ? reason : JSON.stringify(reason))}</b>
        </p>
      )}
      {frames.length > 0 && (
        <details open={frames.length <= 12}>
          <summary>Stack</summary>
          <Copy text={stack as string} what="stack" />
          <pre tabIndex={0}>{visible(frames.map(line => line.trim()).join('\n'))}</pre>
        </details>
      )}
      {deaths && deaths.length > 0 && (
        <ul>
          {deaths.map(each => (
            <li key={each.attempt}>
              worker {visible(each.worker)} died at {moment(each.at)}, in attempt {each.attempt}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
