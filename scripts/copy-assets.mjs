// Puts what comes from other packages and is served as a file into dist/: the chart library of report.html.
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root } from './steps.mjs'

/** From where in node_modules to where in dist. */
const vendored = [['chart.js/dist/chart.umd.min.js', 'advisor/assets/chart.umd.min.js']]

/** The files in dist/ that have no source of their own. */
export const vendoredFiles = new Set(vendored.map(([, to]) => join(to)))

export async function copyVendored() {
  for (const [from, to] of vendored) {
    const target = join(root, 'dist', to)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(join(root, 'node_modules', from), target)
  }
}
