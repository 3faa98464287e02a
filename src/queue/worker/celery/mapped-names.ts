/** The tasks of Celery that run another one for each item of a list: `map` gives it the item, `starmap` each value of it. */
export const mappedNames: readonly string[] = ['celery.map', 'celery.starmap']
