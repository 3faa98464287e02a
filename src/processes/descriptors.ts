/**
 * Descriptors of a child beyond the standard three. Each direction has a socket of its own: a socket that cannot be written any more is
 * closed at once, and what the child had said before it died would be lost with it.
 */
export const requestsFd = 3
export const repliesFd = 4
export const ledgerFd = 5
