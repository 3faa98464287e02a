/** Each kind of handle, with the first word of its memory: what is in it, and in which layout. Another layout gets another number. */
export const kinds = {
  SharedMutex: 0x5b1e_0201,
  SharedRLock: 0x5b1e_0202,
  SharedSemaphore: 0x5b1e_0203,
  SharedEvent: 0x5b1e_0204,
  SharedLatch: 0x5b1e_0205,
  SharedOnce: 0x5b1e_0206,
  SharedBarrier: 0x5b1e_0207,
  SharedCondition: 0x5b1e_0208,
  SharedRWLock: 0x5b1e_0209,
  SharedChannel: 0x5b1e_020a,
  SharedCounter: 0x5b1e_020b,
  SharedCell: 0x5b1e_020c,
  SharedArray: 0x5b1e_020d,
  SharedStruct: 0x5b1e_020e,
  SharedMap: 0x5b1e_020f,
} as const

export type Kind = keyof typeof kinds
