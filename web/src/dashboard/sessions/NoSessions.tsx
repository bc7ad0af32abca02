import { type Filters, isFiltered, NO_FILTERS } from '../model/filters.ts'
import { several } from '../model/format.ts'
import { Link } from '../place.tsx'
import { PhaseBar } from '../shell/PhaseBar.tsx'
import { useServer } from '../shell/server.tsx'

const SAMPLE = { managed: 10, staged: 0, successful: 4, failed: 1, complete: 5, configuring: 2, poweringOff: 0, poweringOn: 2 }

/** What to do about an empty list. `searched`: so many were looked through, and there are more. */
export function NoSessions({ filters, searched }: { filters: Filters; searched: number | null }) {
  if (!isFiltered(filters)) {
    return (
      <section className="empty">
        <div aria-hidden="true" className="empty-sample"><PhaseBar counts={SAMPLE} /></div>
        <h2>No sessions yet</h2>
        <p>New sessions appear here by themselves: there is nothing to reload.</p>
        <Origin />
      </section>
    )
  }
  return (
    <section className="empty">
      <h2>No sessions match</h2>
      {searched !== null && <p>The newest {several(searched, 'session')} were searched. Older ones may match.</p>}
      {filters.template !== '' && <p>Templates and tenants are compared as a whole. For a part of a name use the search field.</p>}
      <p><Link className="button" to={{ view: 'sessions', filters: NO_FILTERS }}>Show all sessions</Link></p>
    </section>
  )
}

/** Where sessions come from. */
function Origin() {
  const server = useServer()
  if (server === null) return null
  if (server.sync === null) return <p className="muted">Follow a BOS with <code>--bos-url</code>, or start the demo: <code>bosgraph demo</code>. Other producers create sessions by the mutation <code>createSession</code>.</p>
  return (
    <p className="muted">
      This server follows BOS at <code>{server.sync.source}</code>.{' '}
      {server.sync.lastSweep === null ? 'It has not been read yet.' : 'BOS has no sessions now.'}
    </p>
  )
}
