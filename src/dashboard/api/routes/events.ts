import { clearInterval, setInterval } from '../../../core/time/platform.ts'
import { toJson } from '../../../inspect/to-json.ts'
import type { Overview } from '../../live/overview.ts'
import { refusalOf, streamed } from '../../answers.ts'
import type { Asked, Route } from '../context.ts'

/** A proxy ends what is silent for longer, in milliseconds. */
const heartbeat = 15_000

/** The route that tells what changes, as server-sent events. */
export const eventRoutes: readonly Route[] = [{ method: 'GET', path: '/api/events', answer: events }]

function events({ pulse, streams }: Asked): Response {
  const stream = streams.begin(writing => {
    // A reader that does not read gets the latest once it does.
    let isTaking = false
    let next: string | undefined
    const send = (text: string): void => {
      next = text
      if (isTaking) return
      isTaking = true
      void (async () => {
        for (; next !== undefined && !writing.signal.aborted; await writing.taken()) {
          const piece = next
          next = undefined
          writing.write(piece)
        }
        isTaking = false
      })()
    }
    writing.write('retry: 2000\n\n')
    const stop = pulse.listen({
      seen: overview => send(eventOf(overview)),
      failed: error => {
        const { code, message } = refusalOf(error)
        send(`event: trouble\ndata: ${JSON.stringify({ code, message })}\n\n`)
      },
    })
    const timer = setInterval(() => writing.write(': here\n\n'), heartbeat).unref()
    writing.signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer)
        stop()
      },
      { once: true },
    )
  })
  return streamed(stream, 'text/event-stream; charset=utf-8')
}

/** All who listen are sent the same text. */
const texts = new WeakMap<Overview, string>()

function eventOf(overview: Overview): string {
  let text = texts.get(overview)
  if (text === undefined) texts.set(overview, (text = `event: overview\ndata: ${toJson(overview)}\n\n`))
  return text
}
