import type { Fetcher, FetcherParams, Observable } from '@graphiql/toolkit'
import { getOperationAST, parse, type ExecutionResult } from 'graphql'
import { createClient as createEventClient } from 'graphql-sse'
import { createClient } from 'graphql-ws'

import { credentials, FORBIDDEN, recheck, send } from '../login/login.ts'

type Headers = Record<string, string>

/** The addresses that GraphQL is spoken at. */
export interface Endpoints {
  http: string
  socket: string
}

/**
 * Asks queries and mutations over HTTP, and subscribes over a WebSocket, or over an
 * event stream where no WebSocket can be opened. The headers that the user has set go
 * with each; a WebSocket, whose headers a page can't set, sends them as its first
 * message.
 */
export function createFetcher(endpoints: Endpoints): Fetcher {
  return (params, options) => {
    const headers: Headers = options?.headers ?? {}
    const document = parse(params.query)
    // For a moment after a change of tabs, GraphiQL says the name of the other tab's operation.
    const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document)
    const asked = operation ? { ...params, operationName: operation.name?.value ?? null } : params
    return operation?.operation === 'subscription'
      ? subscription(endpoints, asked, headers)
      : ask(endpoints.http, asked, headers)
  }
}

async function ask(url: string, params: FetcherParams, headers: Headers): Promise<ExecutionResult> {
  const response = await send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      ...headers,
    },
    body: JSON.stringify(params),
  })
  const text = await response.text()
  try {
    return JSON.parse(text) as ExecutionResult
  } catch {
    throw new Error(`${response.status} ${response.statusText}: ${text.slice(0, 500)}`)
  }
}

interface Sink {
  next(result: ExecutionResult): void
  error(error: unknown): void
  complete(): void
}

function subscription({ http, socket }: Endpoints, params: FetcherParams, headers: Headers) {
  const operation = {
    query: params.query,
    ...(params.operationName ? { operationName: params.operationName } : {}),
    variables: params.variables as Record<string, unknown>,
  }
  const overEvents = (sink: Sink) => {
    const client = createEventClient({ url: http, headers: { ...credentials(), ...headers }, fetchFn: send, retryAttempts: 5 })
    return client.subscribe(operation, { ...sink, next: (result) => sink.next(result as ExecutionResult) })
  }
  const overSocket = (sink: Sink) => {
    let opened = false
    let stop: () => void
    const client = createClient({
      url: socket,
      connectionParams: { ...credentials(), ...headers },
      shouldRetry: () => opened,
      on: {
        connected: () => (opened = true),
        closed: (event) => {
          if ((event as CloseEvent).code === FORBIDDEN) void recheck()
        },
      },
    })
    stop = client.subscribe(operation, {
      next: (result) => sink.next(result as ExecutionResult),
      complete: () => sink.complete(),
      error: (error) => {
        if (opened) sink.error(readable(error))
        else stop = overEvents(sink)
      },
    })
    return () => stop()
  }
  const observable = {
    subscribe(sink: Sink) {
      return { unsubscribe: overSocket(sink) }
    },
  }
  // GraphiQL always subscribes with a sink, not with single functions.
  return observable as Observable<ExecutionResult>
}

/** What ended a subscription, as something that can be shown. */
function readable(error: unknown): unknown {
  if (error instanceof CloseEvent) return new Error(`The connection was closed: ${error.code} ${error.reason}`.trim())
  return error
}
