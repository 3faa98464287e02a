/** The queue of calls that name none. */
export const defaultQueue = 'default'
