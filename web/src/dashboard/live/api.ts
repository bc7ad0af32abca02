import { Client, fetchExchange, type TypedDocumentNode } from 'urql'
import { send } from '../../login/login.ts'
import { openEvents } from './events.ts'
import type { Ways } from './link.ts'
import { openSocket, socketWorks } from './websocket.ts'

/** Why a request brought nothing. */
export class Refusal extends Error {
  /** NOT_FOUND, BAD_USER_INPUT and so on, as the API has them; UNREACHABLE: no answer came. */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

const ANSWER_WITHIN = 20_000 // ms
const SIGN_WITHIN = 5_000

/** The client of the API at that address: nothing is cached, as everything is live. */
export function createApi(url: string): Client {
  return new Client({
    url,
    exchanges: [fetchExchange],
    requestPolicy: 'network-only',
    preferGetMethod: false,
    fetch: (input, init) => send(input, { ...init, signal: anyOf(init?.signal, AbortSignal.timeout(ANSWER_WITHIN)) }),
    fetchOptions: { headers: { Accept: 'application/graphql-response+json, application/json' } },
  })
}

/** Asks a query; throws a {@link Refusal} if there is no whole answer. */
export async function ask<D, V extends Record<string, unknown>>(api: Client, document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
  const { data, error } = await api.query(document, variables).toPromise()
  const [refused] = error?.graphQLErrors ?? []
  if (refused !== undefined) throw new Refusal(refused.message, String(refused.extensions['code'] ?? 'INTERNAL'))
  if (error !== undefined || data === undefined) throw new Refusal('The server does not answer.', 'UNREACHABLE')
  return data
}

/** The ways to the server with these addresses. */
export function createWays(url: string, socketURL: string): Ways {
  return {
    websocket: (watcher) => openSocket(socketURL, watcher),
    events: (watcher) => openEvents(url, watcher),
    probe: () => socketWorks(socketURL),
    ask: async () => {
      try {
        const response = await send(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: '{"query":"{__typename}"}',
          signal: AbortSignal.timeout(SIGN_WITHIN),
        })
        return response.ok
      } catch {
        return false
      }
    },
  }
}

function anyOf(one: AbortSignal | null | undefined, other: AbortSignal): AbortSignal {
  return one ? AbortSignal.any([one, other]) : other
}
