// graphql-sse, each operation over an event stream of its own.
import { createClient } from 'graphql-sse'
import { answer } from './graphql-ws.mjs'

export function open({ urls, options, tell }) {
  let connections = 0
  const client = createClient({
    url: () => urls[connections++ % urls.length],
    retry: () => new Promise(resume => setTimeout(resume, 100)),
    ...options,
    on: { connected: () => tell({ event: 'connected' }) },
  })
  return {
    subscribe: client.subscribe,
    ask: request => answer(client, request),
  }
}
