/* global Chart, document, window, matchMedia, getComputedStyle, ResizeObserver, devicePixelRatio */
// The charts and timelines of a report. Runs in a browser, from the page itself.
;(() => {
  const data = JSON.parse(document.getElementById('data').textContent)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  let charts = []

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

  function duration(ms) {
    if (ms === 0) return '0'
    if (ms < 1) return `${Math.round(ms * 1000)} µs`
    if (ms < 1000) return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`
    if (ms < 120000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`
    return `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`
  }

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

  /** Puts the spans of a lane into rows so that none covers another. */
  function rowsOf(timeline) {
    const ends = timeline.lanes.map(() => [])
    const placed = timeline.spans.map(span => {
      const rows = ends[span[0]]
      let row = rows.findIndex(end => end <= span[1] + 0.002)
      if (row === -1) row = rows.push(0) - 1
      rows[row] = span[1] + span[2]
      return row
    })
    return { placed, heights: ends.map(rows => Math.max(1, rows.length)) }
  }

  const names = { sequential: 'one by one', loop: 'loop', threads: 'threads', processes: 'processes' }
  const tip = document.createElement('div')
  tip.id = 'tip'
  document.body.append(tip)

  function drawTimeline(box, timeline) {
    const title = document.createElement('h4')
    const end = Math.max(0.001, ...timeline.spans.map(span => span[1] + span[2]))
    const inputs = timeline.spans.reduce((sum, span) => sum + span[3], 0)
    title.textContent = names[timeline.kind]
    const facts = document.createElement('span')
    facts.textContent = `${inputs} inputs in ${duration(end)}${timeline.leftOut > 0 ? `, ${timeline.leftOut} more not drawn` : ''}`
    title.append(facts)
    const canvas = document.createElement('canvas')
    box.append(title, canvas)
    const { placed, heights } = rowsOf(timeline)
    const rowHeight = Math.max(2.5, Math.min(16, 90 / Math.max(...heights, 1)))
    const left = 92
    const tops = []
    let height = 4
    for (const rows of heights) {
      tops.push(height)
      height += Math.max(14, rows * rowHeight) + 6
    }
    const boxes = []
    const draw = () => {
      const width = canvas.clientWidth
      canvas.width = width * devicePixelRatio
      canvas.height = (height + 16) * devicePixelRatio
      canvas.style.height = `${height + 16}px`
      const ctx = canvas.getContext('2d')
      ctx.scale(devicePixelRatio, devicePixelRatio)
      ctx.font = '12px system-ui, sans-serif'
      ctx.textBaseline = 'middle'
      const x = ms => left + (ms / end) * (width - left - 4)
      timeline.lanes.forEach((lane, at) => {
        const tall = Math.max(14, heights[at] * rowHeight)
        ctx.fillStyle = colour('page')
        ctx.fillRect(left, tops[at], width - left, tall)
        ctx.fillStyle = colour('soft')
        ctx.fillText(lane.length > 14 ? `${lane.slice(0, 13)}…` : lane, 0, tops[at] + tall / 2)
      })
      boxes.length = 0
      timeline.spans.forEach((span, at) => {
        const [lane, start, length, , failed] = span
        const tall = Math.max(heights[lane] === 1 ? 14 : 0, rowHeight)
        const from = x(start)
        const wide = Math.max(1, x(start + length) - from - (wideEnough(length, end, width) ? 1 : 0))
        const top = tops[lane] + placed[at] * rowHeight
        ctx.fillStyle = failed ? colour('bad') : colour(timeline.kind)
        ctx.globalAlpha = at % 2 ? 0.75 : 1
        ctx.fillRect(from, top, wide, tall - (tall > 4 ? 1 : 0.5))
        boxes.push([from, top, wide, tall, span])
      })
      ctx.globalAlpha = 1
      ctx.fillStyle = colour('soft')
      ctx.fillText('0', left, height + 8)
      ctx.textAlign = 'right'
      ctx.fillText(duration(end), width - 4, height + 8)
      ctx.textAlign = 'left'
    }
    canvas.addEventListener('mousemove', event => {
      const { left: x, top: y } = canvas.getBoundingClientRect()
      const hit = boxes.findLast(
        ([from, top, wide, tall]) =>
          event.clientX - x >= from - 1 &&
          event.clientX - x <= from + wide + 1 &&
          event.clientY - y >= top &&
          event.clientY - y <= top + tall,
      )
      tip.style.display = hit ? 'block' : 'none'
      if (!hit) return
      const [lane, start, length, count, failed] = hit[4]
      tip.textContent = `${timeline.lanes[lane]}: ${count === 1 ? 'one input' : `${count} inputs in one call`}, ${duration(length)}, begun at ${duration(start)}${failed ? ', failed' : ''}`
      tip.style.left = `${Math.min(event.clientX + 12, window.innerWidth - 330)}px`
      tip.style.top = `${event.clientY + 14}px`
    })
    canvas.addEventListener('mouseleave', () => (tip.style.display = 'none'))
    new ResizeObserver(draw).observe(canvas.parentElement)
    draw()
    return draw
  }

  const wideEnough = (length, end, width) => (length / end) * width > 4

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
