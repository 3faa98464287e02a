import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide, type PlaceKind, type PlaceMeasurement } from 'skein/advisor'

/** A place as if it had been measured: milliseconds an input, and whatever else matters. */
function place(kind: PlaceKind, perInput: number, more: Partial<PlaceMeasurement> = {}): PlaceMeasurement {
  const pool = kind === 'threads' || kind === 'processes'
  return {
    kind,
    workers: pool ? 4 : 1,
    atOnce: kind === 'sequential' ? 1 : pool ? 4 : 64,
    rounds: 3,
    calls: 300,
    complete: true,
    perInput: { median: perInput, low: perInput * 0.98, high: perInput * 1.02 },
    coresBusy: pool ? 4 : 1,
    startUp: pool ? 50 : undefined,
    memoryPerWorker: kind === 'threads' ? 9e6 : kind === 'processes' ? 45e6 : undefined,
    longestStall: 1,
    bytesPerInput: 100,
    failed: 0,
    failures: [],
    crashed: 0,
    ...more,
  }
}

const decideOver = (busyShare: number, ...places: PlaceMeasurement[]) =>
  decide({ inputs: 1000, cores: 4, busyShare, places })

describe('the decision', () => {
  test('for a task that waits is the loop, and the reason says so', () => {
    const decision = decideOver(
      0.02,
      place('sequential', 20),
      place('loop', 0.4),
      place('threads', 0.41),
      place('processes', 0.5),
    )
    assert.equal(decision.pick, 'loop')
    assert.equal(decision.work, 'waiting')
    assert.ok(decision.reasons.some(reason => /waits 98%/.test(reason)))
    assert.ok(decision.reasons.some(reason => /4 threads .*no faster beyond the noise/.test(reason)))
  })

  test('for a task that computes is threads, although processes are as fast', () => {
    const decision = decideOver(
      1,
      place('sequential', 10),
      place('loop', 10.1, { longestStall: 300 }),
      place('threads', 2.6),
      place('processes', 2.55),
    )
    assert.equal(decision.pick, 'threads')
    assert.match(decision.headline, /4 threads.*3\.85 times as fast/)
    assert.ok(decision.reasons.some(reason => /blocks everything else in the program for up to 300 ms/.test(reason)))
    assert.ok(decision.reasons.some(reason => /A process takes 42\.9 MiB of memory, a thread 8\.58 MiB/.test(reason)))
  })

  test('for a call that is shorter than handing it over is to just call it', () => {
    const decision = decideOver(
      1,
      place('sequential', 0.001),
      place('loop', 0.01),
      place('threads', 0.003),
      place('processes', 0.004),
    )
    assert.equal(decision.pick, 'sequential')
    assert.match(decision.headline, /Just call it/)
    assert.ok(decision.reasons.some(reason => /costs more than the work/.test(reason)))
  })

  test('for a task that does both, where the loop is at its limit, is more than one thread', () => {
    const decision = decideOver(
      0.4,
      place('sequential', 10),
      place('loop', 4, { coresBusy: 0.99 }),
      place('threads', 1.2),
      place('processes', 1.5),
    )
    assert.equal(decision.pick, 'threads')
    assert.equal(decision.work, 'mixed')
    assert.ok(decision.reasons.some(reason => /loop was at its limit/.test(reason)))
  })

  test('takes the simplest place when the rounds lie further apart than the places', () => {
    const noisy = { low: 7, median: 10, high: 13 }
    const decision = decideOver(
      1,
      place('sequential', 10, { perInput: noisy }),
      place('threads', 8, { perInput: { low: 6, median: 8, high: 11 } }),
    )
    assert.equal(decision.pick, 'sequential')
  })

  test('is processes when workers died, whatever the times', () => {
    const decision = decideOver(
      1,
      place('sequential', 10),
      place('threads', 2, { crashed: 2 }),
      place('processes', 5, { crashed: 3 }),
    )
    assert.equal(decision.pick, 'processes')
    assert.match(decision.reasons[0] ?? '', /ended 5 workers/)
  })

  test('is processes when a worker takes much memory and they are not much slower', () => {
    const heavy = { memoryPerWorker: 900 * 1024 * 1024 }
    const decision = decideOver(
      1,
      place('sequential', 10),
      place('threads', 2.5, heavy),
      place('processes', 3.2, heavy),
    )
    assert.equal(decision.pick, 'processes')
    assert.match(decision.reasons[0] ?? '', /900 MiB/)
  })

  test('stays with threads when processes would be far slower, however much memory a worker takes', () => {
    const heavy = { memoryPerWorker: 900 * 1024 * 1024 }
    assert.equal(
      decideOver(1, place('sequential', 10), place('threads', 2.5, heavy), place('processes', 9, heavy)).pick,
      'threads',
    )
  })

  test('leaves out a place where more calls fail, though it looks fast', () => {
    const decision = decideOver(
      1,
      place('sequential', 10),
      place('threads', 3),
      place('processes', 0.5, { failed: 200 }),
    )
    assert.equal(decision.pick, 'threads')
    assert.ok(decision.notes.some(note => /4 processes: 200 calls of 300 failed/.test(note)))
  })

  test('is none when no call succeeded', () => {
    const decision = decideOver(1, place('sequential', 1, { failed: 300 }), place('threads', 1, { failed: 300 }))
    assert.equal(decision.pick, undefined)
    assert.match(decision.headline, /No place can be recommended/)
  })

  test('names why a place was left out, once for those with the same reason', () => {
    const out = { skipped: 'it ended its process.', calls: 0 }
    const decision = decideOver(1, place('sequential', 0, out), place('loop', 0, out), place('processes', 3))
    assert.equal(decision.pick, 'processes')
    assert.deepEqual(
      decision.notes.filter(note => note.startsWith('Not measured')),
      ['Not measured: one by one, loop; it ended its process.'],
    )
  })

  test('warns when there are fewer inputs than workers, and when starting costs more than is saved', () => {
    const decision = decide({
      inputs: 2,
      cores: 4,
      busyShare: 1,
      places: [place('sequential', 10), place('threads', 3)],
    })
    assert.ok(decision.notes.some(note => /cannot keep 4 of them busy/.test(note)))
    assert.ok(decision.notes.some(note => /Starting the workers takes 50\.0 ms/.test(note)))
  })

  test('says so when other programs took the cores, and does not blame the handing over', () => {
    const decision = decideOver(
      1,
      place('sequential', 2),
      place('threads', 2.2, { coresBusy: 1.1 }),
      place('processes', 2.4, { coresBusy: 1.2 }),
    )
    assert.equal(decision.pick, 'sequential')
    assert.ok(decision.notes.some(note => /4 threads got only 1\.1 of 4 cores/.test(note)))
    assert.ok(!decision.reasons.some(reason => /costs more than the work/.test(reason)))
  })

  test('is the same whatever the order of the places', () => {
    const places = [place('sequential', 10), place('loop', 10), place('threads', 3), place('processes', 3.1)]
    assert.deepEqual(decideOver(1, ...places).pick, decideOver(1, ...places.reverse()).pick)
  })
})
