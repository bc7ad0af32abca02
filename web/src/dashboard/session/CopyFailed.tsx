import { useState } from 'react'
import type { Client } from 'urql'
import { useApp } from '../context.tsx'
import { FAILED, type SessionDetails, type SessionStatus } from '../documents.ts'
import { ask } from '../live/api.ts'
import { several, whole } from '../model/format.ts'
import { copy } from '../shell/clipboard.ts'
import { useDone } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import type { Which } from './useSession.ts'

/** Copies the failed components as BOS takes them for a retry: --limit x1,x2. */
export function CopyFailed({ session, status }: { session: SessionDetails; status: SessionStatus }) {
  const { api, said } = useApp()
  const which = { name: session.name, tenant: session.tenant, started: status.timing.startTime }
  const [done, setDone] = useDone()
  const [note, setNote] = useState('')
  const { failed } = status.counts
  if (failed === 0) return null
  const run = async () => {
    try {
      const { ids, since } = await failedOf(api, which, session.name)
      const copied = ids.length > 0 && (await copy(ids.join(',')))
      setDone(copied)
      const text = !copied && ids.length > 0 ? 'The browser does not allow copying.'
        : since > 0 ? `${whole(since)} of ${whole(ids.length)} have recovered since, or newer sessions have them.` : ''
      setNote(text)
      said.set(`${copied ? `${several(ids.length, 'xname')} copied.` : ''} ${text}`)
    } catch {
      setNote('The server does not answer.')
    }
  }
  return (
    <span className="copy-failed">
      <button type="button" className="button" onClick={() => void run()} title="The xnames, comma-separated, as BOS takes them for --limit">
        <Icon name={done ? 'successful' : 'copy'} />{done ? 'Copied for --limit' : `Copy ${several(failed, 'failed xname')}`}
      </button>
      {note !== '' && <span className="copy-note">{note}</span>}
    </span>
  )
}

/** All that have failed, or had when the session ended, and how many of them have not failed in it any more. */
async function failedOf(api: Client, which: Which, name: string): Promise<{ ids: string[]; since: number }> {
  const ids: string[] = []
  let since = 0
  for (let after: string | null = null, more = true; more; ) {
    const { session }: Awaited<ReturnType<typeof page>> = await page(api, which, after)
    if (session === null) break
    for (const { node } of session.failedComponents.edges) {
      ids.push(node.id)
      if (node.session !== name || node.status.status !== 'FAILED') since++
    }
    after = session.failedComponents.pageInfo.endCursor
    more = session.failedComponents.pageInfo.hasNextPage
  }
  return { ids, since }
}

function page(api: Client, which: Which, after: string | null) {
  return ask(api, FAILED, { ...which, after })
}
