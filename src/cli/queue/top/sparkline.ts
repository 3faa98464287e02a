const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** Numbers as a row of bars, one character each; a space for none. The highest fills its character. */
export function sparkline(numbers: readonly number[]): string {
  const most = Math.max(...numbers, 1)
  return numbers
    .map(each => (each <= 0 ? ' ' : blocks[Math.min(blocks.length - 1, Math.ceil((each / most) * blocks.length) - 1)]))
    .join('')
}
