import { CompareView } from './compare/CompareView.tsx'
import { ComponentView } from './component/ComponentView.tsx'
import { TroubledView } from './component/TroubledView.tsx'
import { NO_FILTERS } from './model/filters.ts'
import { Link, usePlace } from './place.tsx'
import { SessionView } from './session/SessionView.tsx'
import { SessionsView } from './sessions/SessionsView.tsx'
import { Shell } from './shell/Shell.tsx'
import { useTitle } from './shell/useTitle.ts'

export function App() {
  return <Shell><View /></Shell>
}

function View() {
  const { route } = usePlace()
  switch (route.view) {
    case 'sessions':
      return <SessionsView filters={route.filters} />
    case 'session':
      return <SessionView key={`${route.tenant} ${route.name} ${route.started}`} route={route} />
    case 'component':
      return <ComponentView id={route.id} tenant={route.tenant} />
    case 'troubled':
      return <TroubledView since={route.since} template={route.template} />
    case 'compare':
      return <CompareView key={`${route.tenant} ${route.name} ${route.started}`} route={route} />
    case 'unknown':
      return <NoSuchPage path={route.path} />
  }
}

function NoSuchPage({ path }: { path: string }) {
  useTitle('No such page')
  return (
    <div className="empty">
      <h1>There is no such page</h1>
      <p>There is nothing at this address: <code>{path}</code></p>
      <p><Link className="button" to={{ view: 'sessions', filters: NO_FILTERS }}>See all sessions</Link></p>
    </div>
  )
}
