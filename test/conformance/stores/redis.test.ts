import { after, describe, test } from 'node:test'
import { storeSuite } from 'skein/testing/stores'
import { freshServer } from '../../support/redis-server.ts'
import { notTested, otherServer, otherServers, redisProgram } from '../../support/services.ts'
import { redisSubject } from './redis-subject.ts'

const ran: string[] = []
after(() => console.log(`The suite of stores has run on: ${ran.join(', ') || 'no server'}`))

for (const name of ['Redis', ...otherServers]) {
  const found = name === 'Redis' ? await redisProgram() : await otherServer(name)
  const title = `the store on ${name}`
  if (found.missing === undefined) {
    ran.push(`${name.replace(/ .*/, '')} ${found.version}`)
    describe(title, async () => {
      const server = await freshServer(found)
      after(() => server.stop())
      await storeSuite(redisSubject(server))
    })
  } else test(title, t => notTested(t, found.missing))
}
