import { graphql, type ResultOf } from '../gql/index.ts'
import { send } from '../login/login.ts'
import { print, type ExecutionResult } from 'graphql'

const NewestSessions = graphql(`
  query NewestSessions($tenant: String) {
    boot: sessions(first: 1, filter: { status: RUNNING, operation: BOOT, tenant: $tenant }) {
      nodes {
        name
      }
    }
    running: sessions(first: 1, filter: { status: RUNNING, tenant: $tenant }) {
      nodes {
        name
      }
    }
    any: sessions(first: 1, filter: { tenant: $tenant }) {
      nodes {
        name
      }
    }
  }
`)

/**
 * The name of a session to try the examples on: the newest boot that runs, the newest session that runs, or the
 * newest; without a tenant where there is one, because the examples name none.
 * A placeholder where there is none, or no answer in time.
 */
export async function newestSession(url: string): Promise<string> {
  return (await newest(url, '')) ?? (await newest(url, null)) ?? 'NAME'
}

/** Of a tenant, '' for those of none; null for all that may be seen. */
async function newest(url: string, tenant: string | null): Promise<string | undefined> {
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: print(NewestSessions), variables: { tenant } }),
      signal: AbortSignal.timeout(2000),
    })
    const { data } = (await response.json()) as ExecutionResult<ResultOf<typeof NewestSessions>>
    return [data?.boot, data?.running, data?.any].map((found) => found?.nodes[0]?.name).find((name) => name !== undefined)
  } catch {
    return undefined
  }
}
