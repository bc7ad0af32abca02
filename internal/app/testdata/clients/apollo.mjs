// Apollo Client as its documentation sets it up: queries over HTTP, subscriptions
// over graphql-ws.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createHash } from 'node:crypto'
import { socket } from './socket.mjs'

export function open(setup) {
  const ws = socket(setup)
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === 'subscription',
      new GraphQLWsLink(ws),
      new HttpLink({ uri: setup.urls[0] }),
    ),
  })
  return {
    subscribe({ query, variables }, sink) {
      const subscription = client.subscribe({ query: gql(query), variables }).subscribe({
        ...sink,
        next: ({ data, error }) => (error ? sink.error(error.errors ?? error) : sink.next({ data })),
      })
      return () => subscription.unsubscribe()
    },
    ask: ({ query, variables }) => client.query({ query: gql(query), variables }),
    close: ws.close,
  }
}

// openPersisted sends the hash of a query first.
export function openPersisted({ urls }) {
  const sha256 = text => createHash('sha256').update(text).digest('hex')
  const link = new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: urls[0] }))
  const client = new ApolloClient({ cache: new InMemoryCache(), link })
  return { ask: ({ query, variables }) => client.query({ query: gql(query), variables }) }
}
