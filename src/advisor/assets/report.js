/* global Chart, document, matchMedia, skeinLanes */
// The charts and timelines of a report. Runs in a browser, from the page itself, after observe/assets/lanes.js.
;(() => {
  const data = JSON.parse(document.getElementById('data').textContent)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  let charts = []

  const { colour, duration } = skeinLanes

  /** Writes the time and the speed-up at the end of each bar, and how far apart its rounds were. */
  const labels = places => ({
    id: 'labels',
    afterDatasetsDraw(chart) {
      const { ctx } = chart
      const scale = chart.scales.x
      ctx.save()
      ctx.font = '12px system-ui, sans-serif'
      ctx.textBaseline = 'middle'
      chart.getDatasetMeta(0).data.forEach((bar, at) => {
        const place = places[at]
        const from = scale.getPixelForValue(place.low)
        const to = scale.getPixelForValue(place.high)
        ctx.strokeStyle = colour('text')
        ctx.globalAlpha = 0.6
        ctx.beginPath()
        ctx.moveTo(from, bar.y)
        ctx.lineTo(to, bar.y)
        ctx.moveTo(from, bar.y - 4)
        ctx.lineTo(from, bar.y + 4)
        ctx.moveTo(to, bar.y - 4)
        ctx.lineTo(to, bar.y + 4)
        ctx.stroke()
        ctx.globalAlpha = 1
        ctx.fillStyle = colour('text')
        const gain = place.gain === null || place.kind === 'sequential' ? '' : `  ${place.gain.toFixed(2)}x`
        ctx.fillText(duration(place.time) + gain, Math.max(bar.x, to) + 7, bar.y)
      })
      ctx.restore()
    },
  })

  function drawTimes(comparison, at) {
    const { places } = comparison
    return new Chart(document.getElementById(`time-${at}`), {
      type: 'bar',
      data: {
        labels: places.map(place => place.name),
        datasets: [
          {
            data: places.map(place => place.time),
            backgroundColor: places.map(place => colour(place.kind)),
            borderRadius: 4,
            maxBarThickness: 34,
          },
        ],
      },
      options: {
        indexAxis: 'y',
        animation: false,
        maintainAspectRatio: false,
        layout: { padding: { right: 104 } },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              label: item =>
                `${duration(item.parsed.x)} (rounds: ${duration(places[item.dataIndex].low)} to ${duration(places[item.dataIndex].high)})`,
            },
          },
        },
        scales: {
          x: {
            beginAtZero: true,
            grid: { color: colour('line') },
            ticks: { color: colour('soft'), maxTicksLimit: 5, callback: value => duration(value) },
          },
          y: { grid: { display: false }, ticks: { color: colour('text') } },
        },
      },
      plugins: [labels(places)],
    })
  }

  function drawScaling(comparison, at) {
    const most = Math.max(1, ...comparison.scaling.flatMap(line => line.points.map(point => point.workers)))
    const lines = comparison.scaling.map(line => {
      const one = line.points.find(point => point.workers === 1) ?? line.points[0]
      return {
        label: line.kind,
        data: line.points.map(point => ({ x: point.workers, y: (one.perInput * one.workers) / point.perInput })),
        borderColor: colour(line.kind),
        backgroundColor: colour(line.kind),
        pointRadius: 4,
        borderWidth: 2,
      }
    })
    const ideal = {
      label: 'perfect',
      data: [
        { x: 1, y: 1 },
        { x: most, y: most },
      ],
      borderColor: colour('soft'),
      borderDash: [5, 5],
      borderWidth: 1,
      pointRadius: 0,
    }
    return new Chart(document.getElementById(`scaling-${at}`), {
      type: 'line',
      data: { datasets: [...lines, ideal] },
      options: {
        animation: false,
        maintainAspectRatio: false,
        plugins: {
          legend: { labels: { color: colour('text'), boxWidth: 14, boxHeight: 2 } },
          tooltip: {
            callbacks: {
              title: items => `${items[0].parsed.x} workers`,
              label: item => `${item.dataset.label}: ${item.parsed.y.toFixed(2)} times one worker`,
            },
          },
        },
        scales: {
          x: {
            type: 'linear',
            min: 1,
            max: Math.max(2, most),
            grid: { display: false },
            title: { display: true, text: 'workers', color: colour('soft') },
            ticks: { stepSize: Math.ceil(most / 8), precision: 0, color: colour('soft') },
          },
          y: {
            beginAtZero: true,
            grid: { color: colour('line') },
            title: { display: true, text: 'times as fast as 1', color: colour('soft') },
            ticks: { color: colour('soft'), maxTicksLimit: 6 },
          },
        },
      },
    })
  }

  const names = { sequential: 'one by one', loop: 'loop', threads: 'threads', processes: 'processes' }

  function drawTimeline(box, timeline) {
    const inputs = timeline.spans.reduce((sum, span) => sum + span[3], 0)
    const end = Math.max(0.001, ...timeline.spans.map(span => span[1] + span[2]))
    return skeinLanes.draw(box, {
      title: names[timeline.kind],
      facts: `${inputs} inputs in ${duration(end)}${timeline.leftOut > 0 ? `, ${timeline.leftOut} more not drawn` : ''}`,
      lanes: timeline.lanes,
      spans: timeline.spans.map(([lane, start, length, count, failed]) => ({
        lane,
        start,
        length,
        colour: failed ? 'bad' : timeline.kind,
        says: `${count === 1 ? 'one input' : `${count} inputs in one call`}${failed ? ', failed' : ''}`,
      })),
    })
  }

  const redraws = []
  function drawCharts() {
    for (const chart of charts) chart.destroy()
    charts = data.flatMap((comparison, at) => [drawTimes(comparison, at), drawScaling(comparison, at)])
    for (const redraw of redraws) redraw()
  }
  data.forEach((comparison, at) => {
    const box = document.getElementById(`timeline-${at}`)
    for (const timeline of comparison.timelines)
      if (timeline.spans.length > 0) redraws.push(drawTimeline(box, timeline))
  })
  drawCharts()
  dark.addEventListener('change', drawCharts)
})()
