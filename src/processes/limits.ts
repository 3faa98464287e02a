/** The most words of a frame of plain messages, and of a record of what a process holds back: 256 KiB. */
export const mostWords = 65_536
