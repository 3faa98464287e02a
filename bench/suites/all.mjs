import * as checkpoint from './checkpoint.mjs'
import * as curves from './curves.mjs'
import * as dashboard from './dashboard.mjs'
import * as dispatchFloor from './dispatch-floor.mjs'
import * as dispatchProcesses from './dispatch-processes.mjs'
import * as dispatchThreads from './dispatch-threads.mjs'
import * as graph from './graph.mjs'
import * as growth from './growth.mjs'
import * as largeValues from './large-values.mjs'
import * as longTasks from './long-tasks.mjs'
import * as map from './map.mjs'
import * as observe from './observe.mjs'
import * as par from './par.mjs'
import * as queue from './queue.mjs'
import * as redis from './redis.mjs'
import * as scaling from './scaling.mjs'
import * as shared from './shared.mjs'
import * as size from './size.mjs'
import * as start from './start.mjs'
import * as store from './store.mjs'
import * as structured from './structured.mjs'
import * as workflows from './workflows.mjs'

/** In the order in which they run. `rounds` is for a full run and for a quick one. */
export const suites = [
  {
    name: 'dispatch-threads',
    make: dispatchThreads.suite,
    rounds: [5, 2],
    about: 'cost of a call on threads, beside the JavaScript pools',
  },
  {
    name: 'dispatch-processes',
    make: dispatchProcesses.suite,
    rounds: [4, 2],
    about: 'cost of a call in processes, beside JavaScript and Python pools',
  },
  {
    name: 'dispatch-floor',
    make: dispatchFloor.suite,
    rounds: [7, 2],
    about: 'one call in flight, beside what waking a thread takes on this machine',
  },
  {
    name: 'lengths-threads',
    make: curves.lengthsOnThreads,
    rounds: [3, 1],
    about: 'calls per second on threads, by how long a task takes',
  },
  {
    name: 'lengths-processes',
    make: curves.lengthsInProcesses,
    rounds: [3, 1],
    about: 'the same in processes, beside Python, too',
  },
  {
    name: 'observe',
    make: observe.suite,
    rounds: [5, 2],
    about: 'cost of a call while its events are listened to',
  },
  {
    name: 'long-tasks',
    make: longTasks.suite,
    rounds: [1, 1],
    about: 'tasks of 1 and 10 ms, skein and a peer in turns within one program',
  },
  {
    name: 'payloads-threads',
    make: curves.payloadsOnThreads,
    rounds: [3, 1],
    about: 'calls per second on threads, by the size of the argument',
  },
  {
    name: 'payloads-processes',
    make: curves.payloadsInProcesses,
    rounds: [3, 1],
    about: 'the same in processes, beside Python, too',
  },
  { name: 'scaling', make: scaling.suite, rounds: [3, 1], about: 'speed-up of CPU-bound calls on several cores' },
  { name: 'map', make: map.suite, rounds: [3, 1], about: 'a map over a million items of a microsecond' },
  {
    name: 'par',
    make: par.suite,
    rounds: [3, 1],
    about: 'sums, sorting and word counts over many items, beside one thread, NumPy, joblib and dask.bag',
  },
  {
    name: 'graph',
    make: graph.suite,
    rounds: [3, 1],
    about: 'cost of a node of a graph, by its shape and size, beside Dask and joblib',
  },
  {
    name: 'graph-chord',
    make: queue.chords,
    rounds: [3, 1],
    about: 'a chord of durable calls to its result, beside Celery',
  },
  {
    name: 'large-values',
    make: largeValues.suite,
    rounds: [3, 1],
    about: 'megabytes in a call: cloned, moved, shared, or put before',
  },
  {
    name: 'shared',
    make: shared.suite,
    rounds: [5, 2],
    about: 'memory that threads share: locks, hand-overs, queues and maps, beside multithreading and Python',
  },
  { name: 'size', make: size.suite, rounds: [1, 1], about: 'bytes of bundles and of the package' },
  {
    name: 'start-answers',
    make: start.answers,
    rounds: [7, 2],
    about: 'from creating a pool to the first answers of its workers',
  },
  { name: 'start-programs', make: start.programs, rounds: [5, 2], about: 'what an import takes, and a command' },
  { name: 'start-memory', make: start.memory, rounds: [3, 1], about: 'the memory that an idle worker adds' },
  {
    name: 'checkpoint',
    make: checkpoint.suite,
    rounds: [3, 1],
    about: 'cost of checkpoint(), and latency of cancel()',
  },
  {
    name: 'sleepers',
    make: structured.sleepers,
    rounds: [3, 1],
    about: 'tasks that sleep at once, beside promises, limiters, Effect, Effection, asyncio and trio',
  },
  { name: 'joins', make: structured.joins, rounds: [5, 2], about: 'starting an empty task and waiting for it' },
  { name: 'handover', make: structured.handover, rounds: [5, 2], about: 'locks, semaphores and channels' },
  {
    name: 'queue-add',
    make: queue.enqueue,
    rounds: [3, 1],
    about: 'accepting durable calls, beside BullMQ and Celery',
  },
  { name: 'queue-run', make: queue.process, rounds: [3, 1], about: 'running durable jobs in one worker process' },
  { name: 'queue-latency', make: queue.latency, rounds: [3, 1], about: 'the way of a durable call there and back' },
  {
    name: 'arrivals',
    make: queue.arrivals,
    rounds: [3, 1],
    about: 'the same by how many calls arrive in a second, as a curve',
  },
  {
    name: 'redis-add',
    make: redis.enqueue,
    rounds: [3, 1],
    about: 'accepting calls on Redis, beside BullMQ, Celery and the client library alone',
  },
  { name: 'redis-run', make: redis.process, rounds: [3, 1], about: 'running jobs on Redis in one worker process' },
  { name: 'redis-latency', make: redis.latency, rounds: [3, 1], about: 'the way of a call on Redis there and back' },
  { name: 'redis-idle', make: redis.idle, rounds: [1, 1], about: 'commands that an idle worker sends to Redis' },
  {
    name: 'store-fair',
    make: store.fair,
    rounds: [3, 1],
    about: 'several processes on one file: does anybody starve?',
  },
  { name: 'store-flat', make: store.flat, rounds: [2, 1], about: 'cost of a claim with a million calls in line' },
  {
    name: 'growth-waiting',
    make: growth.waiting,
    rounds: [2, 1],
    about: 'what a job costs by the number of jobs in the file; --full: with five million',
  },
  { name: 'growth-ended', make: growth.ended, rounds: [2, 1], about: 'the room of jobs that have ended; purging them' },
  {
    name: 'growth-graphs',
    make: growth.graphs,
    rounds: [2, 1],
    about: 'what a call of a graph costs by the number of its calls',
  },
  {
    name: 'growth-memory',
    make: growth.memory,
    rounds: [1, 1],
    about: 'memory of client and worker over a million jobs',
  },
  {
    name: 'dashboard',
    make: dashboard.suite,
    rounds: [2, 1],
    about: 'a screen and a search of the dashboard with a million jobs in the file',
  },
  {
    name: 'workflow-steps',
    make: workflows.steps,
    rounds: [5, 2],
    about: 'durable functions: steps per second, beside openworkflow',
  },
  {
    name: 'workflow-sleepers',
    make: workflows.sleepers,
    rounds: [3, 1],
    about: 'durable functions that sleep: what a hundred thousand of them cost',
  },
]

/** The beginnings of the names of suites whose goals stand in one table. */
export const ofGoals = ['start', 'size', 'store', 'queue', 'dispatch', 'map', 'growth']
