// The styles of its parts: graphiql/style.css has them too, with 350 KB of fonts.
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-history/style.css'
import '@graphiql/react/style.css'
import { GraphiQL } from 'graphiql'
import 'graphiql/graphiql.css'
import 'graphiql/setup-workers/vite'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { basePath, graphqlURL, socketURL } from '../base.ts'
import { tabs } from './examples.ts'
import { createFetcher } from './fetcher.ts'
import './main.css'
import { newestSession } from './newest.ts'
import { mendTabs } from './tabs.ts'

const fetcher = createFetcher({ http: graphqlURL, socket: socketURL })

// A link may bring a query of its own, which is shown first. It is not run.
const link = new URLSearchParams(location.search)
const query = link.get('query')
const brought = query === null ? null : { query, variables: link.get('variables') }
const examples = tabs(await newestSession(graphqlURL))

const root = document.getElementById('root')!
mendTabs(root)
createRoot(root).render(
  <StrictMode>
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={brought ? [brought, ...examples] : examples}
      {...(brought && { initialQuery: brought.query, initialVariables: brought.variables ?? '' })}
      defaultEditorToolsVisibility="variables"
    >
      <GraphiQL.Logo>
        <a href={basePath}>bosgraph</a>
      </GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
)
