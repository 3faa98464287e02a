// Lets a bundler leave out the classes that a program does not use. A static block runs when its class is made, so a
// bundler keeps each class that has one, and with it all that the class needs. Such a class becomes the result of a
// function that is marked as one without effects; the lines stay where they are. The class has its name from the property
// in which it is: a bundler would give one that is declared inside of the function another name than that outside, as `Lock2`,
// and errors, stacks and the console would say that.

const opening = /^(export )?class (\w+)(?=[^{]*\{\n +static \{$)/gm

/** The text of a module, as the compiler wrote it, in which each class with a static block can be left out. */
export function withPureClasses(text) {
  const names = []
  const opened = text.replace(opening, (_, exported = '', name) => {
    names.push(name)
    return `${exported}const ${name} = /* @__PURE__ */ (() => ({ ${name}: class`
  })
  return names.reduce((result, name) => {
    const start = result.indexOf(`const ${name} = /* @__PURE__ */ (() => ({ ${name}: class`)
    const end = result.indexOf('\n}\n', start)
    if (start < 0 || end < 0) throw new Error(`the class ${name} has no end that can be found`)
    return `${result.slice(0, end)}\n} }).${name})();\n${result.slice(end + 3)}`
  }, opened)
}
