import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { call, NonRetryableError, task } from 'skein'
import { connect, work } from 'skein/queue'
import { skein, workplace } from './skein.ts'

const double = task(import.meta, (n: number) => n * 2, { name: 'cli.double' })
const fail = task(
  import.meta,
  (why: string): number => {
    throw new NonRetryableError(why)
  },
  { name: 'cli.fail' },
)
const total = task(import.meta, (ns: readonly number[]) => ns.length, { name: 'cli.total' })

describe('skein graph', () => {
  test('shows the jobs of a graph as a tree, as a picture and as JSON, whichever of them is named', async t => {
    const url = `sqlite:${join(workplace(t), 'jobs.db')}`
    const env = { SKEIN_STORE: url }
    const queue = await connect(url)
    t.after(() => queue.close())
    const run = (...args: string[]): ReturnType<typeof skein> => skein(workplace(t), ['graph', ...args], { env })
    const graph = call(total, [call(double, call(double, 1)), call(fail, 'no <b>')])
    await queue.submit(graph.with({ id: 'root' }))

    const { code, stdout } = await run('root')
    assert.equal(code, 0)
    assert.equal(
      stdout.trim(),
      [
        'graph of job root',
        '4 jobs: 2 held, 2 ready',
        '',
        'cli.total  held  has 0 of 2 results',
        '├─ cli.double #2  held  has 0 of 1 results',
        '│  └─ cli.double #1  ready',
        '└─ cli.fail #3  ready',
      ].join('\n'),
    )
    assert.equal((await run('root#1')).stdout, stdout)
    assert.match((await run('root', '--lines', '2')).stdout, /and 2 more jobs: --lines N shows more/)

    const worker = await work({ store: url, tasks: [double, fail, total], on: 'loop' })
    await assert.rejects((await queue.job('root'))?.result() as Promise<unknown>, /no <b>/)
    await worker.close()
    const { jobs } = JSON.parse((await run('root', '--json')).stdout) as {
      jobs: { id: string; state: string; why?: string }[]
    }
    const failed = jobs.find(({ id }) => id === 'root#3')
    assert.deepEqual([failed?.state, failed?.why], ['failed', 'no <b>'])
    assert.match((await run('root')).stdout, /cli\.total {2}failed .*call root#3.* has ended as failed/)
    const { stdout: picture } = await run('root', '--svg')
    assert.match(picture, /^<svg xmlns[^]*cli\.fail #3 · failed<\/text>\n<\/svg>\n$/)

    const gone = await run('nobody')
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /knows no job nobody/)
    assert.equal((await run()).code, 2)
    assert.equal((await run('a', 'b')).code, 2)
  })
})
