import type { Client } from 'urql'
import { FAILED } from '../documents.ts'
import { ask } from '../live/api.ts'
import type { Which } from './useSession.ts'

export interface FailedNode {
  readonly id: string
  /** Whether it still is as it was in the session. */
  readonly still: boolean
}

/** All that have failed, or had when the session ended. */
export async function failedOf(api: Client, which: Which): Promise<FailedNode[]> {
  const failed: FailedNode[] = []
  for (let after: string | null = null, more = true; more; ) {
    const { session }: Awaited<ReturnType<typeof page>> = await page(api, which, after)
    if (session === null) break
    for (const { node } of session.failedComponents.edges) {
      failed.push({ id: node.id, still: node.session === which.name && node.status.status === 'FAILED' })
    }
    after = session.failedComponents.pageInfo.endCursor
    more = session.failedComponents.pageInfo.hasNextPage
  }
  return failed
}

function page(api: Client, which: Which, after: string | null) {
  return ask(api, FAILED, { ...which, after })
}
