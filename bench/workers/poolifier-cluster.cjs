// CommonJS, because poolifier's first message reaches a cluster worker before an ES module has loaded, and is lost;
// the pool then waits for ever.
const { ClusterWorker } = require('poolifier')

module.exports = new ClusterWorker({ echo: payload => payload })
