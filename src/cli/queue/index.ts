import type { Command } from '../command.ts'
import { cancelCommand } from './cancel.ts'
import { deadCommand } from './dead.ts'
import { doctorCommand } from './doctor.ts'
import { jobCommand } from './job.ts'
import { jobsCommand } from './jobs.ts'
import { pauseCommand, resumeCommand } from './pause.ts'
import { purgeCommand } from './purge.ts'
import { repairCommand } from './repair.ts'
import { retryCommand } from './retry.ts'
import { statsCommand } from './stats.ts'
import { workerCommand } from './worker/worker.ts'

/** The commands that work with a store. */
export const queueCommands: readonly Command[] = [
  workerCommand,
  statsCommand,
  jobsCommand,
  jobCommand,
  retryCommand,
  cancelCommand,
  purgeCommand,
  pauseCommand,
  resumeCommand,
  deadCommand,
  doctorCommand,
  repairCommand,
]
