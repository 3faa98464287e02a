import { type Task, task, type TaskOptions } from '../call/define/task.ts'
import { brandOf } from '../core/brand.ts'
import { checkKnown, describe } from '../core/errors/checks.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { InvalidArgumentError, SkeinError, TaskModuleError, WasmTrapError } from '../core/errors/errors.ts'
import { exportsOf } from './wasm-instance.ts'
import type { WasmMemory } from './wasm-memory.ts'
import { platformWasm } from './platform-wasm.ts'

/** A function that a module of WebAssembly exports: of numbers, and for 64-bit whole numbers of bigints. */
export type WasmFunction = (...args: never[]) => number | bigint | void

/** Options of `wasmTask`. */
export interface WasmTaskOptions extends Pick<TaskOptions, 'name'> {
  /** True for a module that takes its memory from outside: the first argument of the task is then a `WasmMemory`. Default: false. */
  readonly memory?: boolean
}

/**
 * Makes a task of a function that a module of WebAssembly exports: code in C, Rust or AssemblyScript, with SIMD, on any thread.
 *
 * Use it for loops over numbers that JavaScript does not make fast enough. Define it at the top level of a module, as any task. Each worker loads the module
 * when it has the first call; the code is compiled once for all threads of a process. With `memory: true` threads work on one `WasmMemory`
 * without a copy; else each thread has a module with memory of its own, in which what one call leaves is there for the next.
 *
 * The module may import memory and `abort`, nothing else: code that asks for a system (WASI) is not for this.
 *
 * **Cancellation**: WebAssembly has no checkpoints. A call that is cancelled and does not end within the executor's `grace` is ended by force: its thread is
 * replaced, as for any task. On the loop it cannot be ended.
 *
 * **Errors**: `SKEIN_WASM_TRAP` where the code traps (divides by zero, reaches outside of its memory); `SKEIN_TASK_MODULE` for a module that cannot be loaded or has no such
 * export; `SKEIN_INVALID_ARGUMENT` for a missing memory; `SKEIN_TASK_DEFINITION` as for `task`.
 *
 * @param module `import.meta` of the module that defines it, as for `task`
 * @param file URL of the `.wasm` file, as in `new URL('./kernels.wasm', import.meta.url)`
 * @param name the name of the export, and of the task, unless `options.name` says another
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { loop } from 'skein'
 * import { wasmTask } from 'skein/wasm'
 *
 * const file = new URL('add.wasm', import.meta.url)
 * const add = wasmTask<(a: number, b: number) => number>(import.meta, file, 'add')
 * const code = '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b'
 * writeFileSync(file, Buffer.from(code, 'hex')) // what a compiler does
 *
 * console.log(await loop.run(add, 2, 3)) // 5
 */
export function wasmTask<F extends WasmFunction>(
  module: ImportMeta | URL | string,
  file: URL,
  name: string,
  options?: WasmTaskOptions & { readonly memory?: false },
): Task<F>
export function wasmTask<F extends WasmFunction>(
  module: ImportMeta | URL | string,
  file: URL,
  name: string,
  options: WasmTaskOptions & { readonly memory: true },
): Task<(memory: WasmMemory, ...args: Parameters<F>) => ReturnType<F>>
export function wasmTask(
  module: ImportMeta | URL | string,
  file: URL,
  name: string,
  options: WasmTaskOptions = {},
): Task {
  checkKnown(options, known, 'wasmTask option')
  const { memory: hasMemory = false } = options
  if (!(file instanceof URL) || file.protocol !== 'file:') {
    throw new InvalidArgumentError(
      `file must be the URL of a file, as new URL('./kernels.wasm', import.meta.url), got ${file instanceof URL ? file.href : describe(file)}`,
    )
  }
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(`name must be the name of an export, got ${describe(name)}`)
  }
  if (typeof hasMemory !== 'boolean') {
    throw new InvalidArgumentError(`memory must be true or false, got ${describe(hasMemory)}`)
  }
  const url = file.href
  const call = (...args: unknown[]): unknown => {
    const memory = hasMemory ? memoryOf(args.shift(), name) : undefined
    const fn = exportsOf(url, memory)[name]
    if (typeof fn !== 'function') {
      throw new TaskModuleError(
        `The WebAssembly module ${url} exports no function '${name}'. Check the name, and that the build keeps it.`,
      )
    }
    return run(fn as (...args: unknown[]) => unknown, args, name)
  }
  return task(module, call as never, { name: options.name ?? name })
}

const known: ReadonlySet<string> = new Set(['name', 'memory'])

function memoryOf(value: unknown, name: string): WasmMemory {
  if (typeof value === 'object' && value !== null && brandOf(value) === 'WasmMemory') return value as WasmMemory
  throw new InvalidArgumentError(
    `The first argument of ${name} must be the WasmMemory that it works on, got ${describe(value)}`,
  )
}

function run(fn: (...args: unknown[]) => unknown, args: readonly unknown[], name: string): unknown {
  try {
    return fn(...args)
  } catch (error) {
    if (error instanceof SkeinError) throw error
    if (error instanceof platformWasm().RuntimeError || error instanceof RangeError) {
      throw new WasmTrapError(
        `${name} has trapped: ${messageOf(error)}. The call has ended there; what it had written into its memory stays. The thread goes on.`,
        { cause: error },
      )
    }
    throw error
  }
}
