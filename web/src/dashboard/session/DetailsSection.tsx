import { type ReactNode, useState } from 'react'
import { useAsk } from '../context.tsx'
import { INITIAL, type SessionDetails, type SessionStatus } from '../documents.ts'
import { label, moment, several, whole } from '../model/format.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import type { Which } from './useSession.ts'

/** What else is known of the session. */
export function DetailsSection({ which, session, status }: { which: Which; session: SessionDetails; status: SessionStatus }) {
  const today = new Date()
  const time = (iso: string) => <time dateTime={iso} title={iso}>{moment(new Date(iso), today)}</time>
  return (
    <section className="card" aria-labelledby="details-title">
      <div className="card-head"><h2 id="details-title">Details</h2></div>
      <dl className="facts">
        <Fact name="Template">{session.templateName}</Fact>
        <Fact name="Operation">{label(session.operation)}{session.stage && ', staged'}</Fact>
        <Fact name="Tenant">{session.tenant ?? <span className="muted">none</span>}</Fact>
        <Fact name="Limit">{session.limit === '' ? <span className="muted">none: all of the template</span> : <code className="breaks">{session.limit}</code>}</Fact>
        <Fact name="Disabled nodes">{session.includeDisabled ? 'included' : 'excluded'}</Fact>
        <Fact name="Reported by">{session.source === 'BOS' ? 'BOS' : 'a producer'}</Fact>
        <Fact name="Started">{time(status.timing.startTime)}</Fact>
        <Fact name="Ended">{status.timing.endTime === null ? <span className="muted">not yet</span> : time(status.timing.endTime)}</Fact>
        <Fact name="Active now">{whole(status.counts.active)} of {several(status.counts.managed, 'node')}</Fact>
        <Fact name="State as of">{time(status.asOf)}</Fact>
        <Fact name="Initial components"><Initial which={which} /></Fact>
      </dl>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>
}

/** Read only when asked for: they can be 100,000. */
function Initial({ which: { name, tenant, started } }: { which: Which }) {
  const [asked, setAsked] = useState(false)
  const { data, problem } = useAsk(INITIAL, asked ? { name, tenant, started } : null)
  const text = data?.session?.initialComponents
  if (!asked) return <button type="button" className="button" onClick={() => setAsked(true)}>Show</button>
  if (text === undefined) return <span className="muted">{problem?.message ?? 'Reading…'}</span>
  if (text === '') return <span className="muted">not known</span>
  return (
    <>
      {several(text.split(',').length, 'node')} <CopyButton text={text} label="Copy the initial components" />
      <textarea className="initial" readOnly rows={4} value={text} aria-label="Initial components, comma-separated" />
    </>
  )
}
