/** How many words a frame of plain messages has at most, and a record of what a process holds back: 256 KiB. */
export const mostWords = 65_536
