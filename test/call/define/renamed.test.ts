import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { after, describe, test } from 'node:test'
import { identityOf, task, type TaskIdentity } from 'skein'
import { testQueue } from 'skein/testing'
import { byTaskName } from '#skein/call/define/task-name.js'

const folder = mkdtempSync(join(tmpdir(), 'skein-renamed-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0

/** A task of a module with this text, as a tool has made it: `fn` has the name that it gave. */
function taskIn(text: string, fn: () => void, name?: string): TaskIdentity {
  const path = join(folder, `module-${++files}.mjs`)
  writeFileSync(path, text)
  return identityOf(task(pathToFileURL(path), fn, name === undefined ? {} : { name })) as TaskIdentity
}

const source = `export const twice = task(import.meta, function twice(n: number) { return n * 2 })`

describe('a queue', () => {
  const refused = (identity: TaskIdentity, why: RegExp): void =>
    assert.throws(() => byTaskName([identity]), { code: 'SKEIN_TASK_DEFINITION', message: why })
  const taken = (identity: TaskIdentity): void => assert.equal(byTaskName([identity]).size, 1)

  test('refuses a task whose name stands nowhere in its module, as when a test runner has renamed its function', () => {
    refused(
      taskIn(source, function twice2() {}),
      /twice2 \(.*module-\d+\.mjs\) will not last.*nowhere.*\{ name: 'twice' \}/,
    )
    refused(
      taskIn(source, function wice() {}),
      /'wice' stands nowhere/,
    )
  })

  test('refuses a task whose function has another name than what holds it, as in a bundle', () => {
    const bundle = `var twice = task(import.meta, function twice2(n) {\n  return n * 2;\n});`
    refused(
      taskIn(bundle, function twice2() {}),
      /called 'twice2', and what holds it 'twice'.*\{ name: 'twice' \}/,
    )
    const small = `import{task as t}from"skein";var r=t(import.meta,async function e(n){return n*e(1)});export{r as twice};`
    refused(
      taskIn(small, function e() {}),
      /called 'e', and what holds it 'r'/,
    )
    const packed = `const s=(0,o(132).task)(r,function e(t){return e(t)});`
    refused(
      taskIn(packed, function e() {}),
      /what holds it 's'/,
    )
    const commonjs = `const twice = (0, import_skein.task)(import_meta, function* twice2(n) {});`
    refused(
      taskIn(commonjs, function twice2() {}),
      /what holds it 'twice'/,
    )
  })

  test('refuses one that is held by a property of something else', () => {
    refused(
      taskIn(`exports.twice = task(import.meta, function twice2() {})`, function twice2() {}),
      /what holds it 'twice'/,
    )
  })

  test('reads a module that holds a million letters in a row', () => {
    const data = `const a = '${'ab12'.repeat(250_000)}', b = '${'a.b'.repeat(300_000)}', c = '${':'.repeat(1_000_000)}'\n`
    taken(taskIn(data + source, function twice() {}))
  })

  test('takes a task whose name is in its source, however it is held', () => {
    const fn = (): (() => void) => function twice() {}
    taken(taskIn(source, fn()))
    taken(taskIn(`const twice: Task = task(import.meta, function twice() {})`, fn()))
    taken(taskIn(`const twice: skein.Task = task(import.meta, function twice() {})`, fn()))
    taken(taskIn(`const twice$1 = task(import.meta, function twice() {})`, fn()))
    taken(taskIn(`export default task(import.meta, function twice() {})`, fn()))
    taken(taskIn(`const tasks = { double: task(import.meta, function twice() {}) }`, fn()))
    taken(taskIn(`function twice() {}\nexport const double = task(import.meta, twice)`, fn()))
    taken(taskIn(`const a = map(x, function twice() {})\nconst twice = task(import.meta, function twice() {})`, fn()))
    taken(taskIn(`var t=n(import.meta,k(function(e){return e},"twice"))`, fn()))
  })

  test('is through with a module that has letters without a break for half of it', () => {
    taken(taskIn(`const bytes = '${'0a'.repeat(100_000)}'\n${source}`, function twice() {}))
  })

  test('takes a task that was given its name, whatever its function is called', () => {
    taken(taskIn(source, function twice2() {}, 'twice'))
    taken(taskIn(`const a = task(import.meta, function b() {}, { name: 'b' })`, function b() {}, 'b'))
  })

  test('of a test takes a task that the test runner has renamed', async t => {
    const path = join(folder, 'renamed.test.ts')
    writeFileSync(path, source)
    const twice = task(pathToFileURL(path), function twice2(n: number) {
      return n * 2
    })
    const test = await testQueue({ tasks: [twice] })
    t.after(() => test.close())
    const job = await test.queue.submit(twice, 21)
    await test.drain()
    assert.equal(await job.result(), 42)
  })

  test('takes a task whose module cannot be read', () => {
    taken(identityOf(task('file:///nowhere/tasks.mjs', function twice() {})) as TaskIdentity)
    taken(identityOf(task('data:text/javascript,1', function twice() {})) as TaskIdentity)
  })
})
