/** Each kind of handle, with the first word of its memory: what is in it, and in which layout. Another layout gets another number. */
export const kinds = {
  SharedMutex: 0x5b1e_0101,
  SharedRLock: 0x5b1e_0102,
  SharedSemaphore: 0x5b1e_0103,
  SharedEvent: 0x5b1e_0104,
  SharedLatch: 0x5b1e_0105,
  SharedOnce: 0x5b1e_0106,
  SharedBarrier: 0x5b1e_0107,
  SharedCondition: 0x5b1e_0108,
  SharedRWLock: 0x5b1e_0109,
  SharedChannel: 0x5b1e_010a,
  SharedCounter: 0x5b1e_010b,
  SharedCell: 0x5b1e_010c,
  SharedArray: 0x5b1e_010d,
  SharedStruct: 0x5b1e_010e,
  SharedMap: 0x5b1e_010f,
} as const

export type Kind = keyof typeof kinds
