/* global document, window, getComputedStyle, ResizeObserver, devicePixelRatio */
// Draws lanes: what ran where and when. Runs in a browser, from the page itself; the pages of a report and of a timeline use it.
window.skeinLanes = (() => {
  /** More rows than this in a lane show nothing that can be seen: what is beside them covers each other. */
  const mostRows = 60
  const left = 130

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

  function duration(ms) {
    if (ms === 0) return '0'
    if (ms < 1) return `${Math.round(ms * 1000)} µs`
    if (ms < 1000) return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`
    if (ms < 120000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`
    return `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`
  }

  /** Puts the spans of a lane into rows so that none covers another. */
  function rowsOf(lanes, spans) {
    const ends = lanes.map(() => [])
    const placed = spans.map(({ lane, start, length }) => {
      const rows = ends[lane]
      let row = rows.findIndex(end => end <= start + 0.002)
      if (row === -1) row = rows.length < mostRows ? rows.push(0) - 1 : rows.indexOf(Math.min(...rows))
      rows[row] = start + length
      return row
    })
    return { placed, heights: ends.map(rows => Math.max(1, rows.length)) }
  }

  const tip = document.createElement('div')
  tip.id = 'tip'
  document.body.append(tip)

  /**
   * Draws lanes into a box, and gives a function that draws them again.
   *
   * @param picture title, facts, lanes (their names) and spans: { lane, start, length, colour, says }, by start; milliseconds
   */
  function draw(box, { title, facts, lanes, spans }) {
    const head = document.createElement('h4')
    head.textContent = title
    const beside = document.createElement('span')
    beside.textContent = facts
    head.append(beside)
    const canvas = document.createElement('canvas')
    canvas.tabIndex = 0
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `${title}: ${facts}. Plus and minus zoom, arrows move, 0 shows all.`)
    box.append(head, canvas)
    const end = spans.reduce((most, { start, length }) => Math.max(most, start + length), 0.001)
    const { placed, heights } = rowsOf(lanes, spans)
    const tallest = heights.reduce((most, rows) => Math.max(most, rows), 1)
    const rowHeight = Math.max(2.5, Math.min(16, 90 / tallest))
    const tops = []
    let height = 4
    for (const rows of heights) {
      tops.push(height)
      height += Math.max(14, rows * rowHeight) + 6
    }
    let from = 0
    let to = end
    const boxes = []
    const paint = () => {
      const width = canvas.clientWidth
      canvas.width = width * devicePixelRatio
      canvas.height = (height + 16) * devicePixelRatio
      canvas.style.height = `${height + 16}px`
      const ctx = canvas.getContext('2d')
      ctx.scale(devicePixelRatio, devicePixelRatio)
      ctx.font = '12px system-ui, sans-serif'
      ctx.textBaseline = 'middle'
      const x = ms => left + ((ms - from) / (to - from)) * (width - left - 4)
      lanes.forEach((lane, at) => {
        const tall = Math.max(14, heights[at] * rowHeight)
        ctx.fillStyle = colour('page')
        ctx.fillRect(left, tops[at], width - left, tall)
        ctx.fillStyle = colour('soft')
        ctx.fillText(lane.length > 20 ? `${lane.slice(0, 19)}…` : lane, 0, tops[at] + tall / 2)
      })
      boxes.length = 0
      const colours = new Map()
      spans.forEach((span, at) => {
        if (span.start > to || span.start + span.length < from) return
        const tall = Math.max(heights[span.lane] === 1 ? 14 : 0, rowHeight)
        const begin = Math.max(left, x(span.start))
        const full = Math.min(width, x(span.start + span.length)) - begin
        const wide = Math.max(1, full - (full > 4 ? 1 : 0))
        const top = tops[span.lane] + placed[at] * rowHeight
        if (!colours.has(span.colour)) colours.set(span.colour, colour(span.colour))
        ctx.fillStyle = colours.get(span.colour)
        ctx.globalAlpha = at % 2 ? 0.75 : 1
        ctx.fillRect(begin, top, wide, tall - (tall > 4 ? 1 : 0.5))
        boxes.push([begin, top, wide, tall, span])
      })
      ctx.globalAlpha = 1
      ctx.fillStyle = colour('soft')
      ctx.fillText(duration(from), left, height + 8)
      ctx.textAlign = 'right'
      ctx.fillText(duration(to), width - 4, height + 8)
      ctx.textAlign = 'left'
    }
    const show = (newFrom, newTo) => {
      const length = Math.min(end, Math.max(0.001, newTo - newFrom))
      from = Math.min(end - length, Math.max(0, newFrom))
      to = from + length
      paint()
    }
    const zoom = (factor, middle = (from + to) / 2) =>
      show(middle - (middle - from) * factor, middle + (to - middle) * factor)
    const at = clientX => {
      const { left: x, width } = canvas.getBoundingClientRect()
      return from + ((clientX - x - left) / (width - left - 4)) * (to - from)
    }
    canvas.addEventListener(
      'wheel',
      event => {
        // Without a key the wheel scrolls the page.
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return
        event.preventDefault()
        zoom((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, at(event.clientX))
      },
      { passive: false },
    )
    let held
    canvas.addEventListener('pointerdown', event => {
      held = event.clientX
      canvas.setPointerCapture(event.pointerId)
    })
    canvas.addEventListener('pointerup', () => (held = undefined))
    canvas.addEventListener('dblclick', () => show(0, end))
    canvas.addEventListener('keydown', event => {
      const step = (to - from) / 5
      if (event.key === '+' || event.key === '=') zoom(0.7)
      else if (event.key === '-') zoom(1.4)
      else if (event.key === '0') show(0, end)
      else if (event.key === 'ArrowLeft') show(from - step, to - step)
      else if (event.key === 'ArrowRight') show(from + step, to + step)
      else return
      event.preventDefault()
    })
    canvas.addEventListener('pointermove', event => {
      if (held !== undefined) {
        const moved = at(held) - at(event.clientX)
        held = event.clientX
        return show(from + moved, to + moved)
      }
      const { left: x, top: y } = canvas.getBoundingClientRect()
      const hit = boxes.findLast(
        ([begin, top, wide, tall]) =>
          event.clientX - x >= begin - 1 &&
          event.clientX - x <= begin + wide + 1 &&
          event.clientY - y >= top &&
          event.clientY - y <= top + tall,
      )
      tip.style.display = hit ? 'block' : 'none'
      if (!hit) return
      const { lane, start, length, says } = hit[4]
      tip.textContent = `${lanes[lane]}: ${says}, ${duration(length)}, begun at ${duration(start)}`
      tip.style.left = `${Math.max(0, Math.min(event.clientX + 12, window.innerWidth - 330))}px`
      tip.style.top = `${event.clientY + 14}px`
    })
    canvas.addEventListener('pointerleave', () => (tip.style.display = 'none'))
    new ResizeObserver(paint).observe(canvas.parentElement)
    paint()
    return paint
  }

  return { colour, duration, draw }
})()
