// CommonJS, because poolifier's first message reaches a cluster worker before an ES module has loaded, and is lost;
// the pool then waits for ever.
const { ClusterWorker } = require('poolifier')

const work = import('../work.mjs')
const later = name => async argument => (await work).kernels[name](argument)

module.exports = new ClusterWorker({ echo: payload => payload, compute: later('compute'), lengthOf: later('lengthOf') })
