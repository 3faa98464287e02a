/** The module that Node loads before the program. */
export const preloadUrl: string = new URL('./preload.js', import.meta.url).href
