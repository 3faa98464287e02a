import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Comparison, type PlaceMeasurement, renderReport } from 'skein/advisor'

const attack = `</script><script>alert(1)</script><img src=x onerror=alert(1)> " ' & <!--`

function comparison(text: string): Comparison {
  const place: PlaceMeasurement = {
    kind: 'threads',
    workers: 2,
    atOnce: 2,
    rounds: 1,
    calls: 10,
    complete: true,
    perInput: { median: 1, low: 1, high: 1 },
    coresBusy: undefined,
    startUp: 1,
    memoryPerWorker: undefined,
    longestStall: 0,
    bytesPerInput: undefined,
    failed: 1,
    failures: [{ code: text, message: text, count: 1 }],
    crashed: 0,
  }
  return {
    task: { url: `file:///tmp/${encodeURIComponent(text)}.ts`, name: text },
    title: text,
    inputs: 10,
    repeated: false,
    busyShare: 1,
    places: [place],
    scaling: [
      {
        kind: 'threads',
        points: [
          { workers: 1, perInput: 2 },
          { workers: 2, perInput: 1 },
        ],
      },
    ],
    timelines: [
      { kind: 'threads', spans: [{ lane: text, start: 0, duration: 1, inputs: 1, failed: false }], leftOut: 0 },
    ],
    decision: { pick: 'threads', work: 'computing', headline: text, reasons: [text], notes: [text] },
    machine: { cores: 2, cpu: text, memory: 1, node: text, system: text },
    measuredAt: 0,
    took: 1,
  }
}

describe('the report', () => {
  test('shows any text as text: nothing in it becomes markup or ends a script', () => {
    const places = {
      columns: [attack],
      rows: [{ question: attack, how: attack, answers: [{ text: attack, verdict: 'good' as const }] }],
    }
    const page = renderReport({ comparisons: [comparison(attack)], places, title: attack })
    const harmless = renderReport({
      comparisons: [comparison('plain')],
      places: {
        columns: ['plain'],
        rows: [{ question: 'plain', how: 'plain', answers: [{ text: 'plain', verdict: 'good' }] }],
      },
      title: 'plain',
    })
    for (const tag of ['<script', '</script', '<img', '<!--', '<p', '<td']) {
      assert.equal(
        page.split(tag).length,
        harmless.split(tag).length,
        `${tag} is there more often than the page itself has it`,
      )
    }
  })

  test('holds its data as JSON that reads back as it was', () => {
    const page = renderReport({ comparisons: [comparison(attack)] })
    const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    const data = JSON.parse(json) as { timelines: { lanes: string[] }[] }[]
    assert.deepEqual(data[0]?.timelines[0]?.lanes, [attack])
  })

  test('asks the network for nothing', () => {
    const page = renderReport({ comparisons: [comparison('plain')] })
    assert.doesNotMatch(page, /<(?:link|img|script|iframe)[^>]*(?:src|href)=/i)
    assert.doesNotMatch(page, /@import|url\(|sourceMappingURL=/)
  })
})
