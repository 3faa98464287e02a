import { after } from 'node:test'
import { storeSuite } from 'skein/testing/stores'
import { describeRedis, freshRedis } from '../../support/redis-server.ts'
import { redisSubject } from './redis-subject.ts'

describeRedis('the store on Redis', async () => {
  const server = await freshRedis()
  after(() => server.stop())
  await storeSuite(redisSubject(server))
})
