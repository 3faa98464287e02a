import type { Family } from './page.ts'

function counter(name: string, help: string): Family {
  return { name, help, type: 'counter' }
}

function gauge(name: string, help: string): Family {
  return { name, help, type: 'gauge' }
}

function histogram(name: string, help: string): Family {
  return { name, help, type: 'histogram' }
}

type Name =
  | 'wait'
  | 'run'
  | 'total'
  | 'submitted'
  | 'ended'
  | 'retries'
  | 'released'
  | 'lost'
  | 'slots'
  | 'busy'
  | 'free'
  | 'waiting'
  | 'oldestWaiting'
  | 'crashes'
  | 'troubles'
  | 'workers'
  | 'workerCalls'
  | 'workerBusy'
  | 'workerMemory'
  | 'jobs'
  | 'oldest'
  | 'paused'
  | 'queueWorkers'
  | 'unclaimed'
  | 'storeBytes'
  | 'storeUp'
  | 'delay'
  | 'loopActive'
  | 'loopIdle'

/** All families that there can be, in the order of the page: names and base units as Prometheus has them. */
export const families: Readonly<Record<Name, Family>> = {
  wait: histogram('skein_call_wait_seconds', 'Time that attempts of calls waited for their turn, until they started.'),
  run: histogram('skein_call_run_seconds', 'Time that attempts of calls ran.'),
  total: histogram('skein_call_total_seconds', 'Time from the submission of calls to their end, retries included.'),
  submitted: counter('skein_calls_submitted_total', 'Calls that were accepted.'),
  ended: counter('skein_calls_total', 'Calls that have ended, by outcome.'),
  retries: counter('skein_call_retries_total', 'Attempts that have failed and were followed by another.'),
  released: counter('skein_attempts_released_total', 'Attempts that were handed back or broken off and do not count.'),
  lost: counter('skein_attempts_lost_total', 'Attempts that were lost with their worker or its lease.'),
  slots: gauge('skein_slots', 'Calls that can run at once.'),
  busy: gauge('skein_slots_busy', 'Calls that have a place and have not ended.'),
  free: gauge('skein_slots_free', 'Calls that could run at once beside those that do.'),
  waiting: gauge('skein_calls_waiting', 'Calls that wait for a place.'),
  oldestWaiting: gauge('skein_calls_oldest_waiting_seconds', 'Age of the call that has waited longest for its turn.'),
  crashes: counter('skein_worker_crashes_total', 'Workers that died under their calls.'),
  troubles: counter('skein_worker_troubles_total', 'Times that a worker of a queue could not do its work.'),
  workers: gauge('skein_workers', 'Workers, by state.'),
  workerCalls: counter('skein_worker_calls_total', 'Calls that a worker has answered.'),
  workerBusy: counter('skein_worker_busy_seconds_total', 'Time that the calls of a worker have run, in sum.'),
  workerMemory: gauge(
    'skein_worker_memory_bytes',
    'Memory of a worker: heap and buffers of a thread, all of a process.',
  ),
  jobs: gauge('skein_queue_jobs', 'Jobs in the store, by queue and state.'),
  oldest: gauge(
    'skein_queue_oldest_ready_seconds',
    'Age of the job that has been ready longest and has no worker yet.',
  ),
  paused: gauge('skein_queue_paused', '1 while no job of the queue may start, else 0.'),
  queueWorkers: gauge('skein_queue_workers', 'Live workers that take jobs of the queue.'),
  unclaimed: gauge('skein_queue_unclaimed_jobs', 'Ready jobs of tasks that no live worker knows.'),
  storeBytes: gauge('skein_store_size_bytes', 'Size of the store.'),
  storeUp: gauge('skein_store_up', '1 if the store has answered in time, else 0.'),
  delay: histogram(
    'skein_event_loop_delay_seconds',
    'Time that a timer of the event loop came late, looked at every 20 ms.',
  ),
  loopActive: counter('skein_event_loop_active_seconds_total', 'Time that the event loop was at work.'),
  loopIdle: counter('skein_event_loop_idle_seconds_total', 'Time that the event loop had nothing to do.'),
}

export const allFamilies: readonly Family[] = Object.values(families)
