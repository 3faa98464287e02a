import { registerClass } from '#skein/call/codec/class-registry.js'

/** An instance whose only content is a private field, and that travels by `encode` and `decode`. */
export class Secret {
  readonly #value: unknown
  constructor(value: unknown) {
    this.#value = value
  }
  get value(): unknown {
    return this.#value
  }
}
registerClass(Secret, {
  name: 'codec.Secret',
  encode: secret => secret.value,
  decode: (value: unknown) => new Secret(value),
})
