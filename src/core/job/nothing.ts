/** Does nothing: for what wants a function, as a promise whose end is of no interest. */
export function nothing(): void {}
