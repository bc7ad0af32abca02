// Apollo Client as its documentation sets it up: queries over HTTP, subscriptions
// over graphql-ws.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
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
