import { useAsk } from '../context.tsx'
import { SESSIONS } from '../documents.ts'
import { NO_FILTERS } from '../model/filters.ts'
import { label, moment } from '../model/format.ts'
import { sessionRoute, type SessionRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import { StateBadge } from '../shell/StateBadge.tsx'
import { useTitle } from '../shell/useTitle.ts'

const EVERY = 10_000

/** There is no such session; but perhaps one of that name in another tenant, or of another time. */
export function Missing({ route }: { route: SessionRoute }) {
  useTitle('No such session')
  const { data } = useAsk(SESSIONS, { first: 10, after: null, filter: { name: route.name } }, EVERY)
  const others = data?.sessions.edges.map((edge) => edge.node) ?? []
  return (
    <div className="empty">
      <h1>There is no such session</h1>
      <p>
        No session is called <code>{route.name}</code>
        {route.tenant === null ? ' without a tenant' : <> in the tenant <code>{route.tenant}</code></>}
        {route.started !== null && <> and started at <code>{route.started}</code></>}.
        {others.length === 0 && ' It may have been deleted, or its status has expired. If it is created, it appears here.'}
      </p>
      {others.length > 0 && (
        <>
          <p>But there {others.length === 1 ? 'is this one' : 'are these'}:</p>
          <ul className="others">
            {others.map((other) => (
              <li key={other.id}>
                <StateBadge session={other} status={other.status} />{' '}
                <Link to={sessionRoute(other.name, other.tenant, other.status.timing.startTime)}>{label(other.operation)} {other.templateName}</Link>
                {other.tenant !== null && ` in the tenant ${other.tenant}`}, started {moment(new Date(other.status.timing.startTime), new Date())}
              </li>
            ))}
          </ul>
        </>
      )}
      <p><Link className="button" to={{ view: 'sessions', filters: NO_FILTERS }}>See all sessions</Link></p>
    </div>
  )
}
