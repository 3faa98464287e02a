import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { realWaits } from '../support/real-time.ts'

/** The files in which the time of the machine passes, and why it has to. Everything else uses events or the virtual clock. */
const allowed: Readonly<Record<string, string>> = {
  // Real time is what is tested.
  'test/ambient/ambient.test.ts': 'the current scope is kept across the timers of the platform',
  'test/conformance/themes/graphs.ts': 'a time limit passes while a thread works, and must not count',
  'test/conformance/themes/timeouts.ts': 'a time limit passes while a call waits for a worker, and must not count',
  'test/core/time/clock.test.ts': 'no timer of the machine rings early, and a pending one keeps the program running',
  'test/core/debug/deadlock.test.ts': 'a pending timer is no deadlock',
  'test/core/time/wall-clock.test.ts': 'uses that run on a clock that jumps',
  'test/house/numbers/core.ts': 'durations that are tried out, and cancelled after a moment',
  'test/house/numbers/uses.ts': 'whatever is limited to days has to be there after a moment of the machine',
  'test/shared/stress/run.ts': 'threads that work for a while before they are terminated',
  'test/shared/stress/worker.ts':
    'a thread that works until it is terminated, and lets its event loop have a turn now and then',
  'test/stress/programs/measure.ts': 'memory is measured when the operating system has had time to take it back',
  'test/queue/worker/blocked/blocked.ts': 'leases are renewed in time beside a blocked event loop',
  'test/queue/kill/matrix.ts': 'looks into a store again and again while programs are killed',
  'test/queue/kill/scheduled.ts': 'looks into a store again and again until workers have caught up',
  'test/queue/kill/programs/client.ts': 'submits no faster than its store bears',
  'test/queue/kill/programs/tasks.ts': 'work that takes some time, to be killed in',
  'test/queue/kill/programs/doom.ts': 'a program that ends itself at a random moment',
  'test/queue/kill/programs/relay.ts':
    'work that takes some time, to be killed in; and a store that is asked again after a moment',
  'test/stores/redis/cutting-proxy.ts': 'a way to a server on which everything is late',
  'test/stores/redis/faults/faults.ts': 'a broker of its own that fails for a while, and work that goes on meanwhile',
  'test/stores/redis/faults/tasks.ts': 'work that takes some time, for a broker to fail in',
  'test/cli/damage/main.ts': 'a limit, so that a trial that hangs is named',
  'test/queue/worker/program.test.ts': 'a job in a program of its own that waits for what its main writes as it ends',
  'test/queue/kill/victim.ts': 'a limit, so that a hung program is killed',
  // Programs, threads and tasks that have to be busy for a while, or to be asked from outside, where no clock can be turned.
  'test/cli/resume.test.ts': 'waits for what another program has written',
  'test/cli/skein.ts': 'a task of a program that is started by name',
  'test/conformance/files.ts': 'waits for a file that another process writes',
  'test/conformance/tasks/leaving.ts': 'tasks that run on threads and processes as well',
  'test/conformance/tasks/context.ts': 'tasks that run on threads and processes as well',
  'test/conformance/tasks/crashing.ts': 'the crash of a worker after its call has begun',
  'test/conformance/tasks/durable.ts': 'tasks that run in worker processes as well',
  'test/conformance/tasks/holding.ts': 'tasks on threads and in processes that look for a file',
  'test/conformance/tasks/hostile.ts': 'tasks on threads and in processes that do not stop',
  'test/conformance/tasks/programs.ts': 'a task of programs of their own',
  'test/conformance/tasks/streaming.ts': 'streams of threads and processes that take their time',
  'test/core/scope/bridge-tasks.ts': 'a task on a thread that takes its time to tidy up',
  'test/core/scope/bridge.test.ts': 'looks at memory that a thread writes, and cancels threads at odd moments',
  'test/core/debug/dump.test.ts': 'a program of its own that is asked for its tree while it sleeps',
  'test/core/program/main.test.ts': 'a program of its own that ends in its grace period',
  'test/core/scope/scope-life.test.ts': 'a program of its own that waits for a detached task',
  'test/core/system/run-process.test.ts': 'programs that outlive those that have started them',
  'test/queue/worker/tasks.ts': 'a task of worker processes',
  'test/threads/ring-pool.test.ts': 'threads that look for an answer for a while, and have stopped looking',
  'test/stress/programs/cancelled.ts': 'cancels calls on threads that are under way',
  // Limits against hanging: they are never reached.
  'test/conformance/script.ts': 'a limit, so that a hung program is killed',
  'test/conformance/suite.ts': 'a limit, so that a hung test is named',
  'test/support/run-script.ts': 'a limit, so that a hung program is killed',
  // Durations that never pass: the wait is cancelled or refused, or its clock is turned by whoever calls the helper.
  'test/core/scope/cancel.test.ts': 'a timer of an hour that its signal ends',
  'test/core/combine/combine.test.ts': 'helpers of tests that turn their own clock',
  'test/core/combine/map.test.ts': 'a helper of tests that turn their own clock',
  'test/core/scope/properties.test.ts': 'steps of programs that run on a virtual clock',
  'test/core/scope/scenarios.test.ts': 'durations that are refused',
  'test/core/scope/wait.test.ts': 'durations that are refused',
  'test/core/scope/weight.test.ts': 'tasks that sleep for an hour, to be weighed',
  'test/loop/time.test.ts': 'a task of tests that turn their own clock',
  'test/testing/test-queue.test.ts': 'a task of tests that turn their own clock',
}

describe('time in the tests', () => {
  const waits = realWaits()

  test('is virtual, except where it is listed with its reason', () => {
    const others = waits.filter(({ path }) => !(path in allowed))
    assert.deepEqual(
      others.map(({ path, line, text }) => `${path}:${line}: ${text}`),
      [],
      'Use an event, a deferred promise or virtualClock of skein/testing; or say in test/house/real-time.test.ts why not.',
    )
  })

  test('has no reason for files that need none', () => {
    const needed = new Set(waits.map(({ path }) => path))
    assert.deepEqual(
      Object.keys(allowed).filter(path => !needed.has(path)),
      [],
    )
  })
})
