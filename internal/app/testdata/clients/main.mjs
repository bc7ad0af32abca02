// Real GraphQL clients on a leash: commands come on stdin, one JSON object a line,
// and what the clients tell goes to stdout in the same way. It ends with its stdin,
// so that it can't outlive whoever started it.
//
//   {"open": kind, "urls": [url], "options": {}}
//   {"in": kind, "subscribe": id, "query": "", "variables": {}, "resume": field}
//   {"in": kind, "stop": id}
//   {"in": kind, "ask": id, "query": "", "variables": {}}
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import * as apollo from './apollo.mjs'
import * as eventStream from './event-stream.mjs'
import * as graphqlSSE from './graphql-sse.mjs'
import * as graphqlWS from './graphql-ws.mjs'
import * as urql from './urql.mjs'

// Browsers have it, Node 20 does not, and Apollo's link takes it for granted.
globalThis.WebSocket = WebSocket

const kinds = {
  apollo: apollo.open,
  'apollo-persisted': apollo.openPersisted,
  'event-stream': eventStream.open,
  'graphql-sse': graphqlSSE.open,
  'graphql-ws': graphqlWS.open,
  urql: urql.open,
  'urql-persisted': urql.openPersisted,
  'urql-events': urql.openEvents,
}
const clients = new Map()
const stops = new Map()

function tell(event) {
  process.stdout.write(JSON.stringify(event) + '\n')
}

function open({ open: kind, urls, options }) {
  clients.set(kind, kinds[kind]({ urls, options, tell: event => tell({ in: kind, ...event }) }))
}

function subscribe({ in: name, subscribe: id, query, variables, resume }) {
  const request = { query, variables }
  stops.set(name + '/' + id, clients.get(name).subscribe(request, {
    next(result) {
      // Clients send the request again as it is when they come back: this lets it
      // say how far they have come.
      const status = resume && result.data?.[resume]
      if (status) Object.assign(variables, { sinceRevision: status.revision, sinceEpoch: status.epoch })
      tell({ in: name, id, event: 'next', result })
    },
    error(error) {
      tell({ in: name, id, event: 'error', ...explain(error) })
    },
    complete() {
      tell({ in: name, id, event: 'complete' })
    },
  }))
}

async function ask({ in: name, ask: id, query, variables }) {
  try {
    tell({ in: name, id, event: 'answer', result: await clients.get(name).ask({ query, variables }) })
  } catch (error) {
    tell({ in: name, id, event: 'error', ...explain(error) })
  }
}

// explain tells an error of any kind: a list of GraphQL's, a closed socket, or what
// JavaScript throws.
function explain(error) {
  if (Array.isArray(error)) return { errors: error }
  return { code: error.code, reason: String(error.reason ?? error.message ?? error) }
}

tell({ event: 'ready' })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  if (command.open) open(command)
  else if (command.subscribe) subscribe(command)
  else if (command.stop) stops.get(command.in + '/' + command.stop)()
  else await ask(command)
}
for (const stop of stops.values()) stop()
for (const client of clients.values()) await client.close?.()
