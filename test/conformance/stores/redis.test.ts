import { after, test } from 'node:test'
import { storeSuite } from 'skein/testing/stores'
import { noRedis, freshRedis } from '../../support/redis-server.ts'
import { redisSubject } from './redis-subject.ts'

if (noRedis === undefined) {
  const server = await freshRedis()
  after(() => server.stop())
  await storeSuite(redisSubject(server))
} else test('the Redis store keeps the contract of stores', { skip: noRedis }, () => {})
