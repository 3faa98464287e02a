import { existsSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyFunction, identityOf, type TaskIdentity } from '../../call/define/identity.ts'
import { durableName } from '../../call/define/task-name.ts'
import { namesIn } from '../../call/define/registry.ts'
import { TaskModuleError, TaskNotFoundError } from '../../core/errors/errors.ts'
import { importUrl } from '../../core/program/import-url.ts'
import { loadTaskModule } from '../../pool/host/load-task.ts'
import type { Arguments } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { queueName } from '../queue/queue-names.ts'
import { plural } from '../ui/amount.ts'
import { declarationsOf, withoutEnding } from './declarations.ts'
import { DeclaredModule } from './declared.ts'
import { any } from './signature.ts'
import { type NamedSignature, stubsText } from './stubs-text.ts'
import { TypeReader } from './type-reader.ts'
import { writeModule } from './types.ts'

/** `skein celery stubs`: writes a Python module with the tasks of modules. */
export async function stubs(words: readonly string[], args: Arguments, output: Output): Promise<number> {
  if (words.length === 0)
    throw new UsageError('Say which modules have the tasks: skein celery stubs tasks.ts', 'celery')
  const queue = args.text('queue') === undefined ? undefined : queueName(args.text('queue') as string, 'celery')
  const tsconfig = tsconfigOf(args)
  const files = words.map(fileOf)
  const tasks: FoundTask[] = []
  for (const file of files) tasks.push(...(await tasksIn(file)))
  const texts = await declarationsOf(files, tsconfig)
  const modules = new Map<string, DeclaredModule>()
  const signatures = tasks.map(task => signatureOf(task, texts, modules))
  if (args.has('json')) for (const { name: _name, ...each } of signatures) await output.json(JSON.stringify(each))
  const by = `skein celery stubs ${words.join(' ')}`
  await writeModule(stubsText(signatures, queue, by), plural(signatures.length, 'task'), args, output)
  return exitCodes.fine
}

/** A task of a module, and the name under which that exports it. */
interface FoundTask {
  readonly file: string
  readonly identity: TaskIdentity
  readonly exported: string
}

function tsconfigOf(args: Arguments): string | undefined {
  const given = args.text('tsconfig')
  if (given === undefined) return undefined
  const path = resolve(given)
  if (existsSync(path)) return path
  throw new UsageError(`--tsconfig ${given}: there is no such file`, 'celery')
}

function fileOf(word: string): string {
  const path = resolve(word)
  if (!existsSync(path)) throw new TaskModuleError(`There is no file ${path}`)
  if (statSync(path).isDirectory())
    throw new TaskModuleError(`${path} is a folder. Name the modules in it that have tasks`)
  return realpathSync(path)
}

/** Imports a module, as a worker does, and finds its tasks. */
async function tasksIn(file: string): Promise<FoundTask[]> {
  const { href: url } = pathToFileURL(file)
  await loadTaskModule(url)
  const names = namesIn(url)
  if (names.length === 0) {
    throw new TaskNotFoundError(
      `${file} defines no task. Make one of a function: export const work = task(import.meta, function work(…) {…})`,
    )
  }
  const exports = await exportsOf(url)
  return names.map(name => ({ file, identity: { url, name }, exported: exports.get(name) ?? name }))
}

/** The names under which a module exports its tasks, by their own names. */
async function exportsOf(url: string): Promise<ReadonlyMap<string, string>> {
  try {
    const all = Object.entries((await importUrl(url)) as Readonly<Record<string, unknown>>)
    return new Map(
      all.flatMap(([name, value]) => (identityOf(value)?.url === url ? [[nameOf(value), name] as const] : [])),
    )
  } catch {
    // One that a TypeScript loader has read in a way of its own: most are exported under their own names.
    return new Map()
  }
}

function nameOf(task: unknown): string {
  return (identityOf(task as AnyFunction) as TaskIdentity).name
}

function signatureOf(
  { file, identity, exported }: FoundTask,
  texts: ReadonlyMap<string, string>,
  modules: Map<string, DeclaredModule>,
): NamedSignature {
  const path = withoutEnding(file)
  const module = modules.get(path) ?? new DeclaredModule(path, texts, modules)
  const about = module.aboutOf(exported)
  return {
    name: exported,
    task: durableName(identity),
    ...(about === undefined ? {} : { about }),
    ...(TypeReader.task(module, exported) ?? { returns: any }),
  }
}
