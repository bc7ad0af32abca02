import type { Client } from 'urql'
import { FAILED } from '../documents.ts'
import { ask } from '../live/api.ts'
import type { Which } from './useSession.ts'

/** The xnames of all that have failed, or had when the session ended, ascending. */
export async function failedOf(api: Client, which: Which): Promise<string[]> {
  const ids: string[] = []
  for (let after: string | null = null, more = true; more; ) {
    const { session }: Awaited<ReturnType<typeof page>> = await page(api, which, after)
    if (session === null) break
    ids.push(...session.failedComponents.edges.map(({ node }) => node.id))
    after = session.failedComponents.pageInfo.endCursor
    more = session.failedComponents.pageInfo.hasNextPage
  }
  return ids
}

function page(api: Client, which: Which, after: string | null) {
  return ask(api, FAILED, { ...which, after })
}
