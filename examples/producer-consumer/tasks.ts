import { task } from 'skein'

/** Reads an order from a line: `id;user;amount`. */
export const parse = task(import.meta, function parse(line: string) {
  const [id, user, amount] = line.split(';')
  return { id: Number(id), user: user ?? '', amount: Number(amount) }
})
