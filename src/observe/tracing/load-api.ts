import { InvalidArgumentError } from '../../core/errors/errors.ts'

/** The package `@opentelemetry/api`, as far as it is used. */
export type OpenTelemetryApi = typeof import('@opentelemetry/api')

/** **Errors**: `SKEIN_INVALID_ARGUMENT` where it is not installed. */
export async function loadApi(): Promise<OpenTelemetryApi> {
  try {
    return await import('@opentelemetry/api')
  } catch (cause) {
    throw new InvalidArgumentError(
      'Spans need the package @opentelemetry/api, which could not be loaded. Run:\n\n  npm install @opentelemetry/api\n',
      { cause },
    )
  }
}
