/* global document, matchMedia, skeinLanes */
// The page of a timeline. Runs in a browser, from the page itself, after lanes.js.
;(() => {
  const { facts, lanes, names, spans } = JSON.parse(document.getElementById('data').textContent)
  const redraw = skeinLanes.draw(document.getElementById('lanes'), {
    title: 'What ran where',
    facts,
    lanes,
    spans: spans.map(([lane, start, length, colour, name]) => ({ lane, start, length, colour, says: names[name] })),
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
})()
