import { useState } from 'react'
import { useApp } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { several } from '../model/format.ts'
import { copy } from '../shell/clipboard.ts'
import { useDone } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { failedOf } from './failed.ts'

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
      const ids = await failedOf(api, which)
      const copied = ids.length > 0 && (await copy(ids.join(',')))
      setDone(copied)
      const text = !copied && ids.length > 0 ? 'The browser does not allow copying.' : ''
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
