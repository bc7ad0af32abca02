import { basePath } from '../../base.ts'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { NO_FILTERS } from '../model/filters.ts'
import { label } from '../model/format.ts'
import { compareRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { StateBadge } from '../shell/StateBadge.tsx'
import { CopyFailed } from './CopyFailed.tsx'

/** What the session is, and what can be done with it. */
export function Headline({ session, status }: { session: SessionDetails; status: SessionStatus }) {
  const unfinished = session.deleted && status.status !== 'COMPLETE'
  return (
    <div className="headline">
      <div className="headline-what">
        <nav aria-label="Where you are" className="crumbs"><Link to={{ view: 'sessions', filters: NO_FILTERS }}>Sessions</Link><Icon name="next" /></nav>
        <h1>{label(session.operation)} <b>{session.templateName}</b></h1>
        <p className="headline-sub">
          {unfinished ? <span className="badge" data-state="COMPLETE" data-failed><Icon name="warning" />Deleted at BOS</span> : <StateBadge session={session} status={status} />}
          {status.fromSnapshot && <span className="badge" title={unfinished ? 'Kept as it was when the session was deleted at BOS; it does not change any more' : 'Kept as it was when the session ended; it does not change any more'}><Icon name="frozen" />Frozen</span>}
          <code className="name">{session.name}</code><CopyButton text={session.name} label="Copy the session's name" />
          {session.tenant !== null && <Link className="chip" to={{ view: 'sessions', filters: { ...NO_FILTERS, tenant: session.tenant } }}>tenant {session.tenant}</Link>}
          {session.limit !== '' && <span className="chip chip-cut" title={session.limit}>limit {session.limit}</span>}
          {session.stage && <span className="chip">staged</span>}
          {session.deleted && <span className="chip">{status.statusNote ?? 'deleted at its source'}</span>}
        </p>
      </div>
      <div className="headline-actions">
        <CopyFailed session={session} status={status} />
        {status.counts.managed > 0 && <Link className="button" to={compareRoute(session.name, session.tenant, status.timing.startTime)}><Icon name="compare" />Compare</Link>}
        <a className="button" href={playground(session)}><Icon name="code" />Query</a>
      </div>
    </div>
  )
}

/** The playground with the query of this session. */
function playground({ name, tenant }: SessionDetails): string {
  const query = `query Session($name: String!, $tenant: String) {
  session(name: $name, tenant: $tenant) {
    name
    operation
    templateName
    status {
      status
      managedComponentsCount
      percentSuccessful
      percentFailed
      phases { percentComplete percentConfiguring percentPoweringOn percentPoweringOff }
      errorSummary { message count list }
      timing { startTime endTime duration }
    }
  }
}
`
  return `${basePath}graphiql?${new URLSearchParams({ query, variables: JSON.stringify({ name, tenant }, null, 2) })}`
}
