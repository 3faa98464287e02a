/** The columns of the decision table: title, and what it means to somebody who reads it for the first time. */
export const glossary: readonly { readonly title: string; readonly short: string; readonly meaning: string }[] = [
  {
    title: 'Place',
    short: 'place',
    meaning:
      'Where the task ran. “one by one”: plain calls, each after the other. “loop”: the event loop, many calls under way at once on one thread. “threads” and “processes”: workers with a core each, if there are enough.',
  },
  {
    title: 'Time',
    short: 'time',
    meaning:
      'Wall-clock time for all inputs: the median of the rounds. “≈” means that a sample of the inputs was measured and the time extrapolated.',
  },
  {
    title: 'Speed-up',
    short: 'speed-up',
    meaning:
      'How many times as fast as calls one by one. “±” is how far apart the rounds were: smaller differences mean nothing.',
  },
  {
    title: 'Cores busy',
    short: 'cores',
    meaning:
      'CPU time used, divided by wall time. 1.0 is one core fully at work. One by one, near 1 means that the task computes, near 0 that it waits (or that other programs took the machine).',
  },
  {
    title: 'Memory',
    short: 'memory',
    meaning:
      'Resident memory that each worker added. Processes share some of theirs with each other, so the sum is a little less.',
  },
  {
    title: 'Start-up',
    short: 'start-up',
    meaning:
      'How much longer the very first call took than a later one: starting the worker and loading the module of the task.',
  },
  {
    title: 'Longest stall',
    short: 'stall',
    meaning: 'The longest time for which the main thread could do nothing else: answer a request, fire a timer, draw.',
  },
  {
    title: 'Moved',
    short: 'moved',
    meaning: 'Bytes of arguments and results that crossed between threads or processes for one input.',
  },
]
