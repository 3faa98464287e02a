/** A number that is written so that Python takes it for a float, also where it is whole: `1.0`. */
export class PythonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  /** As JSON; NaN and Infinity as Celery writes them. */
  toText(): string {
    const { value } = this
    const text = Object.is(value, -0) ? '-0' : String(value)
    // A dot or an exponent is what makes it one.
    return /^-?\d+$/.test(text) ? `${text}.0` : text
  }
}
