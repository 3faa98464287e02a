import { after } from 'node:test'
import { openStore } from 'skein/queue'
import { describeRedis, freshRedis } from '../../support/redis-server.ts'
import { graphSuite } from './graph-suite.ts'

describeRedis('graphs on a queue on Redis:', async () => {
  const server = await freshRedis()
  after(() => server.stop())
  let stores = 0
  graphSuite(() => openStore(`${server.url}?prefix=${++stores}:`))
})
