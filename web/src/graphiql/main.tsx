// The styles of its parts: graphiql/style.css has them too, with 350 KB of fonts.
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-history/style.css'
import '@graphiql/react/style.css'
import { GraphiQL } from 'graphiql'
import 'graphiql/graphiql.css'
import 'graphiql/setup-workers/vite'
import { StrictMode, useEffect, useState, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import { basePath, graphqlURL, socketURL } from '../base.ts'
import { startTheme, theme } from '../dashboard/shell/theme.ts'
import { startLogin } from '../login/login.ts'
import { LoginGate } from '../login/LoginGate.tsx'
import { Who } from '../login/Who.tsx'
import { tabs } from './examples.ts'
import { createFetcher } from './fetcher.ts'
import './main.css'
import { newestSession } from './newest.ts'
import { ShareButton } from './ShareButton.tsx'
import { browserStorage, withoutHeaders } from './storage.ts'
import { repairTabs } from './tabs.ts'

startTheme()
startLogin()

const fetcher = createFetcher({ http: graphqlURL, socket: socketURL })
const storage = withoutHeaders(browserStorage())

// A link may bring a query of its own, which is shown first. It is not run.
const link = new URLSearchParams(location.search)
const query = link.get('query')
const brought = query === null ? null : { query, variables: link.get('variables') }

function Playground() {
  const look = useSyncExternalStore(theme.subscribe, theme.get)
  const [examples, setExamples] = useState<ReturnType<typeof tabs> | null>(null)
  useEffect(() => void newestSession(graphqlURL).then((name) => setExamples(tabs(name))), [])
  return examples && (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={brought ? [brought, ...examples] : examples}
      {...(brought && { initialQuery: brought.query, initialVariables: brought.variables ?? '' })}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      storage={storage}
      forcedTheme={look}
    >
      <GraphiQL.Logo>
        <Who />
        <a href={basePath}>bosgraph</a>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>{({ prettify, merge, copy }) => <>{prettify}{merge}{copy}<ShareButton /></>}</GraphiQL.Toolbar>
    </GraphiQL>
  )
}

const root = document.getElementById('root')!
repairTabs(root)
createRoot(root).render(
  <StrictMode>
    <LoginGate><main className="playground"><h1>GraphQL playground</h1><Playground /></main></LoginGate>
  </StrictMode>,
)
