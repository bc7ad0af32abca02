import { useState } from 'react'
import { useApp } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { Refusal } from '../live/api.ts'
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
    let [text, copied] = ['', false]
    try {
      const ids = await failedOf(api, which)
      copied = ids.length > 0 && (await copy(ids.join(',')))
      text = copied ? `${several(ids.length, 'xname')} copied.` : ids.length > 0 ? 'The browser does not allow copying.' : 'Which nodes failed is not known.'
    } catch (problem) {
      text = problem instanceof Refusal ? problem.message : String(problem)
    }
    setDone(copied)
    setNote(copied ? '' : text)
    said.set(text)
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
