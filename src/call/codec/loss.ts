import type { Kind } from './kinds.ts'
import { hasPropertiesBeside } from './leaves.ts'
import { extraProperties, privateState, type Refusing } from './refusals.ts'

/** The reason for which an object of this kind would lose a part of itself on every way; undefined if it would not. */
export function lossOf(value: object, prototype: object, kind: Kind): Refusing | undefined {
  switch (kind) {
    case 'instance':
      return Object.keys(value).length === 0 ? privateState(prototype) : undefined
    case 'leaf':
    case 'map':
    case 'set':
    case 'url':
    case 'file':
      return hasPropertiesBeside(value) ? extraProperties(prototype) : undefined
    default:
      return undefined
  }
}
