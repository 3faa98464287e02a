import { tasks } from '../tasks.mjs'

const rooms = {
  loop: '../../dist/index.js',
  threads: '../../dist/threads/index.js',
  processes: '../../dist/processes/index.js',
}

export const load = ({ place }) => import(rooms[place])

/** Skein's executors with their defaults; only the size is said, as for every contestant, and what its label names. */
export async function open({ workers, place, map, options, listeners = 0 }) {
  const pool = await openPool(place, workers, options)
  let heard = 0
  for (let n = 0; n < listeners; n++) pool.observe(() => void heard++)
  return {
    bind: name => {
      const task = tasks[name]
      return arg => pool.run(task, arg)
    },
    map: map ? (name, items) => pool.map(tasks[name], items) : undefined,
    close: () => pool.close(),
  }
}

export async function openPool(place, workers, options = {}) {
  const room = await load({ place })
  if (place === 'loop') return room.loop
  try {
    return room[place]({ workers, ...options })
  } catch (error) {
    // What `--before` names may be from when it was called so.
    if (!error.message.includes("option 'workers'")) throw error
    return room[place]({ max: workers, ...options })
  }
}
