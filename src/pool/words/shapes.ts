/** A shape: the names of an object's properties, in order. Sent once; after that, objects of the shape carry its number. */
export class Shape {
  readonly keys: readonly string[]
  /** Its number on the wire; -1 while the other side does not know it. */
  id = -1
  // The shapes with one more property: the first one that was met, then all others.
  #key = ''
  #next: Shape | undefined
  #others: Map<string, Shape> | undefined

  constructor(keys: readonly string[]) {
    this.keys = keys
  }

  /** This shape with one more property, undefined when there are too many already. */
  with(key: string, count: ShapeCount): Shape | undefined {
    if (this.#key === key && this.#next) return this.#next
    return this.#others?.get(key) ?? this.#make(key, count)
  }

  #make(key: string, count: ShapeCount): Shape | undefined {
    // Assigning to __proto__ is not what makes a property of that name, so no receiver could use such a shape.
    if (key === '__proto__' || key.length > longestKey || this.keys.length >= mostKeys) return undefined
    if (count.made >= mostShapes) return undefined
    count.made++
    const shape = new Shape([...this.keys, key])
    if (!this.#next) {
      this.#key = key
      this.#next = shape
    } else {
      this.#others ??= new Map()
      this.#others.set(key, shape)
    }
    return shape
  }
}

/** The number of shapes that a sender remembers. */
export interface ShapeCount {
  made: number
}

/** Objects whose keys are data have ever new shapes; beyond these limits their keys travel with them. */
const mostShapes = 2_048
const mostKeys = 32
const longestKey = 64
