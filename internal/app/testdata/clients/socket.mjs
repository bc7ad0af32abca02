// The client of graphql-ws as urql and Apollo Client use it, too.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

export function socket({ urls, options, tell }) {
  const { offer, tokens, ...more } = options ?? {}
  const over = new Set() // ids of operations that have ended
  let connections = 0
  let newest
  let closed = Promise.resolve()
  const client = createClient({
    // Where a server has gone, the next of the list may be found.
    url: () => urls[connections++ % urls.length].replace('http', 'ws'),
    retryWait: () => new Promise(resume => setTimeout(resume, 100)),
    generateID: () => (newest = crypto.randomUUID()),
    // The first connection sends the first token, and so on; the last one is sent again.
    connectionParams: tokens && (() => ({ Authorization: 'Bearer ' + tokens[Math.min(connections, tokens.length) - 1] })),
    webSocketImpl: offer ? offering(offer) : WebSocket,
    ...more,
    on: {
      opened(ws) {
        closed = new Promise(resolve => ws.addEventListener('close', resolve))
      },
      connected: () => tell({ event: 'connected' }),
      closed: ({ code, reason }) => tell({ event: 'closed', code, reason }),
      pong: received => received && tell({ event: 'pong' }),
      message(message) {
        // The client itself drops these without a word.
        if (over.has(message.id)) tell({ event: 'late', message })
        if (message.type === 'complete' || message.type === 'error') over.add(message.id)
      },
    },
  })
  return {
    subscribe(request, sink) {
      const stop = client.subscribe(request, sink)
      const id = newest
      return () => {
        stop()
        over.add(id)
      }
    },
    // close ends once the socket is closed: nothing comes any more.
    async close() {
      await client.dispose()
      await closed
    },
  }
}

// offering makes sockets that offer other subprotocols than graphql-ws would.
function offering(subprotocols) {
  return class extends WebSocket {
    constructor(url) {
      super(url, subprotocols)
    }
  }
}
