import { move, task } from 'skein'
import { judge, type Kind, kinds } from './kinds.ts'

/** What has become of an argument of that kind, and the argument itself. */
export const arrive = task(import.meta, function arrive(name: string, value: unknown): [string, unknown] {
  return [judge(kindNamed(name), value), handedOver(kindNamed(name), value)]
})

/** A value of that kind. */
export const make = task(import.meta, function make(name: string): unknown {
  return made(kindNamed(name))
})

/** A new value of a kind, ready to be sent. */
export function made(kind: Kind): unknown {
  return handedOver(kind, kind.make!())
}

function handedOver(kind: Kind, value: unknown): unknown {
  return kind.moved ? move(value as object) : value
}

function kindNamed(name: string): Kind {
  return kinds.find(each => each.name === name)!
}
