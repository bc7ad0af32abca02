// A GraphQL server as the documentation of Mercurius has one make it, with jit: bosgraph is compared with it.
// One Redis subscription for all: after a notice the status is read again and published once.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import mercurius from 'mercurius'
import { namespace, readStatus } from './status.js'

const { values: { listen, 'redis-url': redisURL } } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    'redis-url': { type: 'string', default: 'redis://127.0.0.1:6379' }
  }
})

const redis = new Redis(redisURL)
const notices = new Redis(redisURL)
const epoch = await redis.hget(`{${namespace}}:meta`, 'epoch')
const channel = `{${namespace}}:n:/`

const resolvers = {
  Query: {
    session: async (_, { name }) => {
      const status = await readStatus(redis, name, epoch)
      return status && { name, status }
    }
  },
  Subscription: {
    sessionStatusUpdated: {
      subscribe: async (_, { name }, { pubsub }) => await pubsub.subscribe(channel + name)
    }
  }
}

const app = Fastify()
app.register(mercurius, {
  schema: readFileSync(new URL('../schema.graphqls', import.meta.url), 'utf8'),
  resolvers,
  jit: 1,
  subscription: true
})
await app.ready()

notices.on('pmessage', async (_, topic) => {
  const status = await readStatus(redis, topic.slice(channel.length), epoch)
  app.graphql.pubsub.publish({ topic, payload: { sessionStatusUpdated: status } })
})
await notices.psubscribe(channel + '*')

const [host, port] = listen.split(':')
await app.listen({ host, port: Number(port) })
