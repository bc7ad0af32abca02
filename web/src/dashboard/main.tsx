import { StrictMode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { graphqlURL, socketURL } from '../base.ts'
import { startLogin } from '../login/login.ts'
import { LoginGate } from '../login/LoginGate.tsx'
import { App } from './App.tsx'
import { type App as Needed, AppProvider } from './context.tsx'
import { createApi, createWays } from './live/api.ts'
import { Link } from './live/link.ts'
import { createStore } from './live/store.ts'
import { ServerClock } from './model/clock.ts'
import { startLooks } from './shell/looks.ts'
import { startTheme } from './shell/theme.ts'
import { createVoice } from './shell/voice.ts'
import './styles/index.css'

startTheme()
startLooks()
startLogin()

/** The dashboard, connected as long as it is shown: when a login ends, so does its connection. */
function Connected() {
  const [app, setApp] = useState<Needed | null>(null)
  useEffect(() => {
    const link = new Link(createWays(graphqlURL, socketURL))
    setApp({ api: createApi(graphqlURL), link, behind: createStore(0), clock: new ServerClock(), said: createVoice() })
    return link.start()
  }, [])
  return app && <AppProvider app={app}><App /></AppProvider>
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <LoginGate><Connected /></LoginGate>
  </StrictMode>,
)
