import { resultKey } from '../../../celery/redis-keys.ts'

/** In front of the id of a call: the key of its result, and the channel on which Celery tells of that. */
export const resultChannel: string = resultKey('')

/** The channel for news about a call that Celery has no message for. */
export const newsChannel = 'skein:news:'

/** The word there before all that is known of a call that has ended. */
export const withOutcome = 'ended '

/** The channel for signals to one who has the store open. */
export const handleChannel = 'skein:handle:'

/** The channel that says when something new comes to be due, or that a queue is not paused any more. */
export const dueChannel = 'skein:due'

/** The word for the second. */
export const resumed = 'resumed'

/** The channel that says that a schedule was changed. */
export const scheduledChannel = 'skein:scheduled'
