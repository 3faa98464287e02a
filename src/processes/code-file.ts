import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { codeFd } from './descriptors.ts'

/**
 * The compiled code of a process in a nameless file that both sides have open: its length, and the bytes. The program writes it while the
 * first process starts; the length comes last, and where it is not there yet, the process compiles by itself.
 */
const header = 4

/** The program's side: writes the code, and closes the descriptor. */
export function writeCodeFile(fd: number, code: Uint8Array | undefined): void {
  try {
    if (code === undefined) return
    let at = 0
    while (at < code.length) at += writeSync(fd, code, at, code.length - at, header + at)
    writeSync(fd, new Uint8Array(Uint32Array.of(code.length).buffer), 0, header, 0)
  } catch {
    // The folder is full: the process does without.
  } finally {
    closeSync(fd)
  }
}

/** The process's side: the code, if it is there. */
export function readCodeFile(): Uint8Array | undefined {
  try {
    if (fstatSync(codeFd).size <= header) return undefined
    const length = new Uint32Array(1)
    readSync(codeFd, length, 0, header, 0)
    const code = new Uint8Array(length[0] as number)
    return code.length > 0 && readSync(codeFd, code, 0, code.length, header) === code.length ? code : undefined
  } catch {
    return undefined // it is there to be done without
  } finally {
    closeSync(codeFd)
  }
}
