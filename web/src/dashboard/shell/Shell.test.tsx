// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { begin } from '../live/connection.ts'
import { createStore } from '../live/store.ts'
import { ServerClock } from '../model/clock.ts'
import { NO_FILTERS } from '../model/filters.ts'
import { type Route, sessionRoute } from '../model/route.ts'
import { go } from '../place.tsx'
import { clear, show, the } from '../testing.tsx'
import { Shell } from './Shell.tsx'

afterEach(clear)

const monday = sessionRoute('monday', null)

it.each<[string, Route, Route, boolean]>([
  ['another session', monday, sessionRoute('tuesday', null), true],
  ['an earlier session of the same name', monday, sessionRoute('monday', null, '2026-11-29T12:00:00Z'), true],
  ['a session of that name in another tenant', monday, sessionRoute('monday', 'blue'), true],
  ['the list, from a session that is called like it', sessionRoute('sessions', null), { view: 'sessions', filters: NO_FILTERS }, true],
  ['a component beside the session', monday, { ...monday, component: 'x1' } as Route, false],
  ['other filters', { view: 'sessions', filters: NO_FILTERS }, { view: 'sessions', filters: { ...NO_FILTERS, failures: true } }, false],
])('moves the focus to the content for another view alone: %s', (_, from, to, moves) => {
  window.scrollTo = vi.fn() as typeof window.scrollTo
  history.replaceState(null, '', '/')
  go({ route: from, wall: false }, true)
  const app = { api: { query: () => ({ toPromise: () => new Promise(() => {}) }) }, link: { connection: createStore(begin(0, true)) }, behind: createStore(0), clock: new ServerClock(), said: createStore('') }
  show(<AppProvider app={app as unknown as App}><Shell><p /></Shell></AppProvider>)
  the('.skip').focus()
  history.replaceState(null, '', '/other') // addresses are relative to it, as without a base
  act(() => go({ route: to, wall: false }))
  expect(document.activeElement).toBe(moves ? the('main') : the('.skip'))
})
