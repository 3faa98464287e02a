import type { Context, Link, Span, SpanContext } from '@opentelemetry/api'
import { brandClass } from '../../core/brand.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { type Carried, carrier } from '../../core/events/carrier.ts'
import type { AboutEnd, CallEvent, SkeinEvent } from '../../core/events/event.ts'
import { labelOf } from '../../core/report/label.ts'
import type { Observable } from '../call-meter.ts'
import { failureOf } from '../failure.ts'
import { checkObservable, observablesIn } from '../observables.ts'
import { loadApi, type OpenTelemetryApi } from './load-api.ts'

/** Spans for OpenTelemetry; `traceCalls()` makes them. */
export interface CallTracing extends Disposable {
  /**
   * Makes spans of the calls of an executor, or of the jobs of a worker, from now on.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for what has no events.
   *
   * @returns ends that
   */
  add(source: Observable): () => void
  /** Makes no more spans. Those of calls that still run are lost. */
  close(): void
}

/**
 * Makes spans of calls for OpenTelemetry: one for each attempt, as a child of what was active where the call was handed over, be it in
 * another program.
 *
 * While it is open each call that this program submits to a queue is a producer span, whose context travels in the message as
 * `traceparent`, through any store; give it the workers of queues, and each attempt is a consumer span of the same trace, with the thread
 * or process that had it, and a link to the attempt before. Calls of executors that it is given are internal spans. The names follow the
 * conventions for messaging. Needs the package `@opentelemetry/api`, and an SDK that the program has registered; without one no spans
 * are made. Code inside of a task does not see the span as active.
 *
 * **Cancellation**: nothing waits here but the import of the package.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` where the package is missing, for what has no events, and where calls are traced already.
 *
 * @param sources executors and workers of queues
 * @example
 * import { loop, task } from 'skein'
 * import { traceCalls } from 'skein/observe'
 *
 * const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
 * const place = loop()
 * const tracing = await traceCalls([place]) // after NodeSDK.start()
 * console.log(await place.run(double, 21)) // 42
 * tracing.close()
 * await place.close()
 */
export async function traceCalls(sources: Iterable<Observable> = []): Promise<CallTracing> {
  const given = observablesIn(sources, 'traceCalls')
  const tracing = new Tracing(await loadApi())
  for (const each of given) tracing.add(each)
  return tracing
}

/** A call that has not ended. */
interface Open {
  /** The context in which it was handed over; undefined where that is not known. */
  readonly context: Context | undefined
  /** The span of the attempt before. */
  last: SpanContext | undefined
}

class Tracing implements CallTracing {
  static {
    brandClass(this, 'CallTracing')
  }

  readonly #api: OpenTelemetryApi
  readonly #leave = new Set<() => void>()

  constructor(api: OpenTelemetryApi) {
    if (carrier.headersFor !== undefined) {
      throw new InvalidArgumentError(
        'Calls are traced already: close the other one first, or add to it what is to be traced, too',
      )
    }
    this.#api = api
    carrier.headersFor = call => this.#send(call)
    this.#leave.add(() => (carrier.headersFor = undefined))
  }

  add(source: Observable): () => void {
    checkObservable(source, 'traceCalls')
    const open = new Map<string, Open>()
    const stop = source.observe(event => this.#hear(event, open))
    const leave = (): void => {
      stop()
      this.#leave.delete(leave)
    }
    this.#leave.add(leave)
    return leave
  }

  close(): void {
    for (const leave of this.#leave) leave()
    this.#leave.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The span of a call that is handed to a queue, and the headers by which its attempts find it. */
  #send({ id, task, queue }: Carried): Readonly<Record<string, string>> {
    const { context, propagation, SpanKind, trace } = this.#api
    const headers: Record<string, string> = {}
    const attributes = {
      'messaging.system': 'skein',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'submit',
      'messaging.destination.name': labelOf(queue),
      'messaging.message.id': labelOf(id),
      'skein.task': labelOf(task),
    }
    const span = this.#tracer().startSpan(`submit ${labelOf(queue)}`, { kind: SpanKind.PRODUCER, attributes })
    propagation.inject(trace.setSpan(context.active(), span), headers)
    span.end()
    return headers
  }

  #hear(event: SkeinEvent, open: Map<string, Open>): void {
    switch (event.type) {
      case 'submitted':
        // Told where the call is handed over: what is active there is what it is part of.
        if (event.queue === undefined) open.set(event.id, { context: this.#api.context.active(), last: undefined })
        return
      case 'retried':
      case 'released':
      case 'lost':
      case 'ended': {
        const about = open.get(event.id) ?? { context: undefined, last: undefined }
        const last = this.#attempt(event, about)
        if (event.type === 'ended') open.delete(event.id)
        // The end of a job that is tried again may be seen by another worker: then nothing comes here any more.
        else if (event.queue === undefined) open.set(event.id, { ...about, last })
      }
    }
  }

  #attempt(event: CallEvent & AboutEnd, { context: captured, last }: Open): SpanContext | undefined {
    const { started, ended, task, queue, id, place, attempt, worker, lane, queued, traceparent } = event
    if (started === undefined) return last
    const { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode } = this.#api
    const end = event.type === 'ended' ? event.outcome : event.type
    const isMessage = queue !== undefined
    const attributes = {
      'skein.task': labelOf(task),
      'skein.place': labelOf(place),
      'skein.call': labelOf(id),
      'skein.attempt': attempt,
      'skein.end': end,
      ...(worker === undefined ? {} : { 'skein.worker': labelOf(worker) }),
      ...(lane === undefined ? {} : { 'skein.lane': labelOf(lane) }),
      ...(queued === undefined ? {} : { 'skein.wait_ms': Math.max(0, started - queued) }),
      ...(isMessage
        ? {
            'messaging.system': 'skein',
            'messaging.operation.type': 'process',
            'messaging.operation.name': 'process',
            'messaging.destination.name': labelOf(queue),
            'messaging.message.id': labelOf(id),
          }
        : {}),
    }
    const parent =
      captured ?? (traceparent === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent }))
    const links: Link[] = last === undefined ? [] : [{ context: last }]
    const span: Span = this.#tracer().startSpan(
      isMessage ? `process ${labelOf(queue)}` : labelOf(task),
      { kind: isMessage ? SpanKind.CONSUMER : SpanKind.INTERNAL, attributes, links, startTime: started },
      parent,
    )
    if ('error' in event && end !== 'cancelled') {
      const { name, message, code, stack } = failureOf(event.error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: labelOf(message) })
      span.setAttribute('error.type', labelOf(code ?? name))
      span.recordException({ name, message, ...(stack === undefined ? {} : { stack }) }, ended)
    }
    span.end(ended)
    return span.spanContext()
  }

  #tracer(): ReturnType<OpenTelemetryApi['trace']['getTracer']> {
    return this.#api.trace.getTracer('skein')
  }
}
