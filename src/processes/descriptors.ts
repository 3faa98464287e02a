/**
 * Descriptors of a child beyond the standard three. Each direction has a socket of its own: a socket that cannot be written any more is
 * closed at once, and what the child had said before it died would be lost with it.
 */
export const requestsFd = 3
export const repliesFd = 4
export const ledgerFd = 5
/** Only a process that starts with compiled code has it, and only until it has read that. */
export const codeFd = 6
