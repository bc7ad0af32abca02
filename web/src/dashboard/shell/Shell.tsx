import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react'
import { Who } from '../../login/Who.tsx'
import { useApp, useReadable } from '../context.tsx'
import { NO_FILTERS } from '../model/filters.ts'
import { TROUBLED } from '../model/route.ts'
import { go, Link, usePlace } from '../place.tsx'
import { Alarm } from './Alarm.tsx'
import { ConnectionPill } from './ConnectionPill.tsx'
import { Icon } from './Icon.tsx'
import { ServerProvider, useServer } from './server.tsx'
import { theme, toggleTheme } from './theme.ts'

/** What is around every view. */
export function Shell({ children }: { children: ReactNode }) {
  const place = usePlace()
  const main = useRef<HTMLElement>(null)
  const skip = (event: MouseEvent) => {
    event.preventDefault() // with a <base href>, #main would be another page
    main.current?.focus()
  }
  // Who moves to another view by keyboard or screen reader begins at its start.
  const { route } = place
  const view = JSON.stringify([route.view, 'name' in route && [route.name, route.tenant, route.started], 'id' in route && route.id])
  const seen = useRef(view)
  useEffect(() => {
    if (seen.current === view) return
    seen.current = view
    main.current?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [view])
  useEffect(() => {
    document.documentElement.toggleAttribute('data-wall', place.wall)
  }, [place.wall])
  return (
    <ServerProvider>
      <a className="skip" href="#main" onClick={skip}>Skip to the content</a>
      <header className="bar">
        <Link to={{ view: 'sessions', filters: NO_FILTERS }} className="brand" aria-label="bosgraph, all sessions">
          <svg viewBox="0 0 16 16" aria-hidden="true"><path className="mark-low" d="M1 10h3.6v5H1z" /><path className="mark-mid" d="M6.2 6h3.6v9H6.2z" /><path className="mark-high" d="M11.4 1H15v14h-3.6z" /></svg>
          <span>bosgraph</span>
        </Link>
        <ServerName />
        <div className="bar-end">
          <ConnectionPill />
          <button type="button" className="tool" aria-pressed={place.wall} title="Large type, for a display on a wall"
            onClick={() => go({ route: place.route, wall: !place.wall }, true)}>
            <Icon name="wall" /><span>Wall</span>
          </button>
          <ThemeButton />
          <Who />
          <Link className="tool" to={TROUBLED}><Icon name="trouble" /><span>Troubled nodes</span></Link>
          <a className="tool" href="graphiql"><Icon name="code" /><span>Playground</span></a>
        </div>
      </header>
      <Alarm />
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
      <Voice />
    </ServerProvider>
  )
}

function ServerName() {
  const server = useServer()
  if (server === null || server.namespace === 'bosgraph') return null // nobody has named the system
  return <p className="server"><span title={`bosgraph ${server.version}`}>{server.namespace}</span></p>
}

function ThemeButton() {
  const dark = useReadable(theme) === 'dark'
  return (
    <button type="button" className="tool" onClick={toggleTheme} aria-label={dark ? 'Switch to light colours' : 'Switch to dark colours'}
      title={dark ? 'Light colours' : 'Dark colours'}>
      <Icon name={dark ? 'sun' : 'moon'} />
    </button>
  )
}

/** Says aloud, through a screen reader, what happens. */
function Voice() {
  const { said } = useApp()
  return <p className="visually-hidden" role="status" aria-live="polite">{useReadable(said)}</p>
}
