import { processes } from 'skein/processes'
import { capabilities, type Place } from '../suite.ts'

export const processesPlace: Place = {
  name: 'processes',
  can: new Set(capabilities),
  open: options => processes(options),
}
