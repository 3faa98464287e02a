#!/usr/bin/env bash
# multithreading 0.3.52: a SharedJsonBuffer that is changed often enough loses all that was in it. With a thousand keys, each set three times in one
# thread, every one of them is undefined after some 3,100 changes, without an error.
#
# Without skein. Needs the npm registry, Node 20.19 or newer. Ends with 0 as long as that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund multithreading@0.3.52
cat > run.mjs <<'JS'
// What it takes for granted of Node 22.
globalThis.navigator ??= { hardwareConcurrency: 2 }
Promise.withResolvers ??= () => {
  let resolve, reject
  const promise = new Promise((...both) => ([resolve, reject] = both))
  return { promise, resolve, reject }
}
const { SharedJsonBuffer } = await import('multithreading')
const data = new SharedJsonBuffer({})
const expected = {}
for (let i = 0; i < 12_000; i++) {
  const key = `user:${i % 1_000}`
  data[key] = expected[key] = i
  if (data[key] === i) continue
  const lost = Object.keys(expected).filter(each => data[each] === undefined)
  console.log(`after ${i} changes ${lost.length} of ${Object.keys(expected).length} keys are undefined`)
  process.exit(0)
}
console.log('nothing was lost in 12000 changes')
process.exit(1)
JS
node run.mjs
