// urql as its documentation sets it up: queries over HTTP, subscriptions over
// graphql-ws or as event streams.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { onEnd, pipe, subscribe } from 'wonka'
import { socket } from './socket.mjs'

export function open(setup) {
  const ws = socket(setup)
  const exchange = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: sink => ({ unsubscribe: ws.subscribe({ query, variables }, sink) }),
    }),
  })
  return { ...adapt(setup, { exchanges: [cacheExchange, fetchExchange, exchange] }), close: ws.close }
}

export function openEvents(setup) {
  return adapt(setup, { exchanges: [cacheExchange, fetchExchange], fetchSubscriptions: true })
}

// openPersisted sends the hash of a query first.
export function openPersisted(setup) {
  return adapt(setup, { exchanges: [cacheExchange, persistedExchange(), fetchExchange] })
}

function adapt({ urls }, options) {
  const client = new Client({ url: urls[0], ...options })
  return {
    subscribe({ query, variables }, sink) {
      const told = ({ data, error, hasNext }) => {
        if (error) sink.error(error.networkError ?? error.graphQLErrors)
        // At the end urql gives the last result once more, to say that it was.
        else if (hasNext) sink.next({ data })
      }
      return pipe(client.subscription(query, variables), onEnd(sink.complete), subscribe(told)).unsubscribe
    },
    async ask({ query, variables }) {
      const { data, error } = await client.query(query, variables).toPromise()
      if (error) throw error
      return { data }
    },
  }
}
