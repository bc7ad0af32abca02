import { graphql, type ResultOf } from '../gql/index.ts'
import { send } from '../login/login.ts'
import { print, type ExecutionResult } from 'graphql'

const NewestSessions = graphql(`
  query NewestSessions {
    running: sessions(first: 1, filter: { status: RUNNING }) {
      edges {
        node {
          name
        }
      }
    }
    any: sessions(first: 1) {
      edges {
        node {
          name
        }
      }
    }
  }
`)

/**
 * The name of a session to try the examples on: the newest one that runs, or the newest.
 * A placeholder where there is none, or no answer in time.
 */
export async function newestSession(url: string): Promise<string> {
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: print(NewestSessions) }),
      signal: AbortSignal.timeout(2000),
    })
    const { data } = (await response.json()) as ExecutionResult<ResultOf<typeof NewestSessions>>
    const edge = data?.running.edges[0] ?? data?.any.edges[0]
    return edge?.node.name ?? 'NAME'
  } catch {
    return 'NAME'
  }
}
