/// <reference types="node" preserve="true" />
/**
 * To see what runs: numbers for machines, a recording of what ran where, spans for OpenTelemetry, and events on Node's channels.
 *
 * All of it listens to the events that executors, queues and workers tell, and costs nothing while it is not there.
 *
 * @module
 */
export { metrics, type Metrics, type MetricsOptions } from './metrics/metrics.ts'
export type { PromClientRegistry } from './metrics/prom-client.ts'
export type { MetricSource } from './metrics/source.ts'
export { type EventPublishing, publishEvents } from './publishing/publish-events.ts'
export { timeline, type TimelineOptions, type TimelineRecording } from './timeline/timeline.ts'
export type { TimelineSpan } from './timeline/timeline-span.ts'
export { type CallTracing, traceCalls } from './tracing/trace-calls.ts'
