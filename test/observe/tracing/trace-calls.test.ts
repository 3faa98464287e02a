import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { call, InvalidArgumentError, loop } from 'skein'
import { traceCalls } from 'skein/observe'
import { connect, work } from 'skein/queue'
import { threads } from 'skein/threads'
import { fakePlace } from '../fake-place.ts'
import { double, fail } from '../tasks.ts'

describe('traceCalls, with the SDK of OpenTelemetry', { timeout: 120_000 }, () => {
  const exporter = new InMemorySpanExporter()
  before(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  })
  after(() => {
    trace.disable()
    context.disable()
    propagation.disable()
  })
  const spansOf = (...kinds: SpanKind[]): ReadableSpan[] =>
    exporter.getFinishedSpans().filter(span => kinds.includes(span.kind))

  test('one trace leads from an HTTP request through a queue and a worker to a thread, and back', async () => {
    exporter.reset()
    await using queue = await connect('memory:traced')
    await using pool = threads({ workers: 1 })
    await using worker = await work({ store: 'memory:traced', tasks: [double], on: pool })
    using tracing = await traceCalls([worker])
    assert.ok(tracing)
    const tracer = trace.getTracer('test')
    const server = createServer((_request, response) => {
      tracer.startActiveSpan('GET /double', { kind: SpanKind.SERVER }, span => {
        void queue.run(double, 21).then(value => {
          span.end()
          response.end(String(value))
        })
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const ended = new Promise<void>(resolve => worker.observe(event => event.type === 'ended' && resolve()))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    assert.equal(await answer.text(), '42')
    await ended
    server.closeAllConnections()
    server.close()
    const [request, ...others] = spansOf(SpanKind.SERVER)
    const [sent] = spansOf(SpanKind.PRODUCER)
    const [processed] = spansOf(SpanKind.CONSUMER)
    assert.ok(request && sent && processed && others.length === 0)
    assert.equal(sent.parentSpanContext?.spanId, request.spanContext().spanId)
    assert.equal(processed.parentSpanContext?.spanId, sent.spanContext().spanId)
    assert.equal(new Set([request, sent, processed].map(span => span.spanContext().traceId)).size, 1)
    assert.deepEqual([sent.name, processed.name], ['submit default', 'process default'])
    const { attributes } = processed
    assert.equal(attributes['messaging.system'], 'skein')
    assert.equal(attributes['messaging.destination.name'], 'default')
    assert.equal(attributes['messaging.message.id'], sent.attributes['messaging.message.id'])
    assert.equal(attributes['skein.task'], 'tasks.double')
    assert.equal(attributes['skein.lane'], 'thread 1')
  })

  test('attempts of an executor are children of what was active, each with a link to the one before', async () => {
    exporter.reset()
    await using place = loop({ concurrency: 1 })
    using tracing = await traceCalls([place])
    assert.ok(tracing)
    const tracer = trace.getTracer('test')
    await tracer.startActiveSpan('outer', async span => {
      await place.run(call(fail).with({ retries: { times: 1, backoff: 1 } })).catch(() => {})
      span.end()
    })
    const [first, second] = exporter.getFinishedSpans().filter(span => span.name === 'tasks.fail')
    const [outer] = exporter.getFinishedSpans().filter(span => span.name === 'outer')
    assert.ok(first && second && outer)
    for (const span of [first, second]) {
      assert.equal(span.parentSpanContext?.spanId, outer.spanContext().spanId)
      assert.equal(span.status.code, SpanStatusCode.ERROR)
      assert.equal(span.events[0]?.attributes?.['exception.message'], 'on purpose')
    }
    assert.deepEqual(first.links, [])
    assert.equal(second.links[0]?.context.spanId, first.spanContext().spanId)
    assert.deepEqual([first.attributes['skein.end'], second.attributes['skein.end']], ['retried', 'failed'])
  })

  test('a header of the call goes before, and one that is damaged begins a trace of its own', async () => {
    exporter.reset()
    await using queue = await connect('memory:traced-headers')
    const place = fakePlace({})
    using tracing = await traceCalls([place])
    assert.ok(tracing)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const told = new Promise<string | undefined>(resolve => {
      void work({ store: 'memory:traced-headers', tasks: [double], on: 'loop' }).then(worker => {
        worker.observe(event => event.type === 'ended' && resolve(event.traceparent))
        void queue.run(call(double, 1).with({ headers: { traceparent } })).then(() => worker.close())
      })
    })
    assert.equal(await told, traceparent)
    const end = { type: 'ended', outcome: 'done', queue: 'q\u001b', started: 1e12, ended: 1e12 + 5 }
    place.tell({ ...end, traceparent })
    place.tell({ ...end, traceparent: '"><script>' })
    const [known, damaged] = spansOf(SpanKind.CONSUMER)
    assert.equal(known?.spanContext().traceId, '0af7651916cd43dd8448eb211c80319c')
    assert.equal(known?.name, 'process q\\x1b')
    assert.equal(damaged?.parentSpanContext, undefined)
  })

  test('ends when it is closed, and there is one at a time', async () => {
    exporter.reset()
    const place = fakePlace({})
    const tracing = await traceCalls([place])
    await assert.rejects(traceCalls(), InvalidArgumentError)
    for (const wrong of [null, 5, [{}]]) await assert.rejects(traceCalls(wrong as never), InvalidArgumentError)
    tracing.close()
    tracing.close()
    assert.equal(place.listeners.size, 0)
    await using queue = await connect('memory:untraced')
    await queue.submit(double, 1)
    assert.deepEqual(exporter.getFinishedSpans(), [])
  })
})
