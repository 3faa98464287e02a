import { threads } from 'skein/threads'
import { capabilities, type Place } from '../suite.ts'

export const threadsPlace: Place = {
  name: 'threads',
  can: new Set(capabilities),
  open: options => threads(options),
}
