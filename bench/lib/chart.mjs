// The figures of a suite that is a curve, as a picture.
const width = 900
const height = 480
const ours = '#d6336c'
const theirs = ['#1971c2', '#4dabf7', '#2f9e44', '#8ce99a', '#e8590c', '#868e96']

/** An SVG with both axes logarithmic: a line for each contestant, skein's in front; or for each metric that the curve names. */
export async function drawCurve(suite, cells, metric = 'rate') {
  const echarts = await import('echarts')
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  const { lines } = suite.curve
  const labels = lines?.map(({ label }) => label) ?? [
    ...new Set(cells.filter(cell => !cell.absent).map(cell => cell.label)),
  ]
  const peers = labels.filter(label => !label.startsWith('skein'))
  const figureOf = (label, variant) => {
    const line = lines?.find(each => each.label === label)
    const here = cells.find(cell => cell.variant === variant && (line !== undefined || cell.label === label))
    return here?.metrics[line?.metric ?? metric]
  }
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: suite.title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { orient: 'vertical', right: 10, top: 60, data: labels },
    grid: { left: 90, right: 250, top: 50, bottom: 60 },
    xAxis: {
      type: 'log',
      name: suite.curve.axis,
      nameLocation: 'middle',
      nameGap: 34,
      min: Math.min(...suite.variants.map(({ at }) => at)),
      max: Math.max(...suite.variants.map(({ at }) => at)),
      axisLabel: { formatter: short },
      minorSplitLine: { show: false },
    },
    yAxis: {
      type: 'log',
      name: suite.curve.metrics?.[metric] ?? suite.curve.unit,
      nameLocation: 'middle',
      nameGap: 58,
      axisLabel: { formatter: short },
    },
    series: labels.map(label => {
      const isOurs = !peers.includes(label)
      const color = isOurs ? ours : theirs[peers.indexOf(label) % theirs.length]
      return {
        name: label,
        type: 'line',
        data: suite.variants.flatMap(({ key, at }) => {
          const figure = figureOf(label, key)
          return figure === undefined ? [] : [[at, figure.median]]
        }),
        symbolSize: isOurs ? 8 : 5,
        lineStyle: { width: isOurs ? 3.5 : 1.5, color },
        itemStyle: { color },
        z: isOurs ? 3 : 2,
      }
    }),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

/** 64,000 as 64k. */
function short(value) {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1e3 ? `${value / 1e3}k` : String(value)
}
