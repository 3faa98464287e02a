/** The environment variable by which `skein trace` tells its program what to record. */
export const settingsVariable = 'SKEIN_TRACE'

/** The facts that a program is told that is traced. */
export interface TraceSettings {
  /** The whole path of the file to write. */
  readonly out: string
  readonly most: number
  readonly title: string
}
