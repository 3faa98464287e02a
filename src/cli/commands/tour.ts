import type { Command } from '../command.ts'

/** placeholder until the tour is written */
export const tourCommand: Command = {
  name: 'tour', summary: 'a demonstration on this machine', usage: ['skein tour'], about: [], options: {}, examples: [],
  run: async () => 0,
}
