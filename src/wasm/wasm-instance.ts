import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../core/errors/foreign.ts'
import { TaskModuleError, WasmTrapError } from '../core/errors/errors.ts'
import { type Described, platformWasm, type RawModule } from './platform-wasm.ts'
import type { WasmMemory } from './wasm-memory.ts'

type Exports = Readonly<Record<string, unknown>>

/** A module of WebAssembly in this thread. */
interface Loaded {
  readonly module: RawModule
  readonly imports: readonly Described[]
  /** The instance with memory of its own. */
  alone: Exports | undefined
  /** Those that work on memory from outside. */
  readonly withMemory: WeakMap<WasmMemory, Exports>
}

const loaded = /* @__PURE__ */ new Map<string, Loaded>()

/**
 * The exports of a module, with its own memory or with one from outside. It is read and compiled at the first call; V8 keeps the code of one and the same
 * module for all threads of a process.
 *
 * **Errors**: `SKEIN_TASK_MODULE` when it cannot be read or is not such a module, and when it needs what nobody gives it.
 */
export function exportsOf(url: string, memory: WasmMemory | undefined): Exports {
  const known = loaded.get(url) ?? load(url)
  const there = memory === undefined ? known.alone : known.withMemory.get(memory)
  if (there !== undefined) return there
  const made = instantiate(url, known, memory)
  if (memory === undefined) known.alone = made
  else known.withMemory.set(memory, made)
  return made
}

function load(url: string): Loaded {
  const { Module } = platformWasm()
  try {
    const module = new Module(readFileSync(fileURLToPath(url)))
    const made: Loaded = { module, imports: Module.imports(module), alone: undefined, withMemory: new WeakMap() }
    loaded.set(url, made)
    return made
  } catch (error) {
    throw new TaskModuleError(
      `The WebAssembly module ${url} cannot be loaded: ${messageOf(error)}. Check that the file is there, and that it was built.`,
      {
        cause: error,
      },
    )
  }
}

function instantiate(url: string, { module, imports }: Loaded, memory: WasmMemory | undefined): Exports {
  const given: Record<string, Record<string, unknown>> = {}
  for (const { module: from, name, kind } of imports) {
    let value: unknown
    if (kind === 'memory' && memory !== undefined) value = memory.raw
    else if (kind === 'function' && name === 'abort') value = aborted
    else throw lacking(url, `${from}.${name}`, kind)
    ;(given[from] ??= {})[name] = value
  }
  try {
    return new (platformWasm().Instance)(module, given).exports
  } catch (error) {
    throw new TaskModuleError(
      `The WebAssembly module ${url} cannot be made ready: ${messageOf(error)}. Its memory has to be shared, and to have the pages that were given to WasmMemory.`,
      { cause: error },
    )
  }
}

function lacking(url: string, what: string, kind: string): TaskModuleError {
  return new TaskModuleError(
    kind === 'memory'
      ? `The WebAssembly module ${url} takes its memory from outside (${what}): make the task with { memory: true } and give it a WasmMemory as its first argument.`
      : `The WebAssembly module ${url} needs the ${kind} ${what}, and a task gives it nothing but memory: build it without, as wasm for no system at all.`,
  )
}

/** The function that AssemblyScript calls where an assertion fails. */
function aborted(): never {
  throw new WasmTrapError(
    'The WebAssembly code has called abort: an assertion in it has failed. Build it with debug information to see where.',
  )
}
