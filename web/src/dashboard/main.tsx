import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { graphqlURL, socketURL } from '../base.ts'
import { App } from './App.tsx'
import { AppProvider } from './context.tsx'
import { createApi, createWays } from './live/api.ts'
import { Link } from './live/link.ts'
import { createStore } from './live/store.ts'
import { ServerClock } from './model/clock.ts'
import { startTheme } from './shell/theme.ts'
import './styles/index.css'

startTheme()
const link = new Link(createWays(graphqlURL, socketURL))
link.start()
const app = { api: createApi(graphqlURL), link, behind: createStore(false), clock: new ServerClock(), said: createStore('') }

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <AppProvider app={app}>
      <App />
    </AppProvider>
  </StrictMode>,
)
