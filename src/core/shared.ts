/**
 * @internal The one object of that name in this thread, made for the first who asks: what every copy of skein in the thread
 * must share, because a TypeScript loader can give the user's module a copy of its own, and a package can bring one.
 *
 * @param name goes with the shape: an object that another version could not use needs another name
 */
export function shared<T extends object>(name: string, make: () => T): T {
  const globals = globalThis as unknown as Record<symbol, T | undefined>
  return (globals[Symbol.for(`skein.${name}`)] ??= make())
}
