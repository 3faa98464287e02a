// One build at a time: two that write into the same folders would each believe what the other one has half done.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './steps.mjs'

/** Waits until no other process is in here, and runs the function. */
export async function alone(action, lock = join(root, '.cache/build.lock')) {
  await mkdir(dirname(lock), { recursive: true })
  let told = false
  while (!(await take(lock))) {
    const holder = await holderOf(lock)
    if (holder !== undefined && !isAlive(holder)) await breakOpen(lock, holder)
    else {
      if (!told && holder !== undefined) console.log(`waiting for another build (process ${holder}; ${lock})`)
      told ||= holder !== undefined
      await sleep(50)
    }
  }
  try {
    return await action()
  } finally {
    await rm(lock, { force: true })
  }
}

async function take(lock) {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** The process that holds the lock; undefined when it has just been let go, or is just being taken. */
async function holderOf(lock) {
  const text = await readFile(lock, 'utf8').catch(() => '')
  return text === '' ? undefined : Number(text)
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Takes away the lock of a process that has died, unless another one has done so meanwhile and holds it by now. */
async function breakOpen(lock, dead) {
  const aside = `${lock}.${process.pid}`
  const moved = await rename(lock, aside).then(
    () => true,
    () => false,
  )
  if (!moved) return
  if ((await holderOf(aside)) === dead) await rm(aside, { force: true })
  else await rename(aside, lock)
}
