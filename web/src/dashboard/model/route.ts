// Which view an address stands for, and the address of a view. Addresses are relative
// to the base path: `<base href>` makes links of them.

import { type Filters, readFilters, writeFilters } from './filters.ts'

export type Route =
  | { readonly view: 'sessions'; readonly filters: Filters }
  | ({ readonly view: 'session' } & SessionRoute)
  | { readonly view: 'component'; readonly id: string; /** Whose sessions are meant: from where one came. */ readonly tenant: string | null }
  | { readonly view: 'troubled'; readonly since: Since; readonly template: string }
  | ({ readonly view: 'compare' } & CompareRoute)
  | { readonly view: 'unknown'; readonly path: string }

export interface SessionRoute {
  readonly name: string
  readonly tenant: string | null
  /** The start time, where an earlier session of that name is meant. */
  readonly started: string | null
  /** The component whose record is open beside it. */
  readonly component: string | null
  /** The error group that is open, by the digest of its text. */
  readonly error: string | null
}

/** Two sessions of a tenant. Without the other one, that is the session before. */
export interface CompareRoute {
  readonly name: string
  readonly tenant: string | null
  readonly started: string | null
  readonly other: string | null
  readonly otherStarted: string | null
}

/** How far back troubled components are counted, in days; all that is kept. */
export const SINCES = ['1', '7', '30', 'all'] as const
export type Since = (typeof SINCES)[number]

/** An address: the view, and whether it is shown for a wall. */
export interface Place {
  readonly route: Route
  readonly wall: boolean
}

/** What a path below the base, without a slash at its start, and a query stand for. */
export function readPlace(path: string, search: string): Place {
  const query = new URLSearchParams(search)
  return { route: readRoute(path, query), wall: query.has('wall') }
}

// The server answers 404 for every other path: internal/pages/missing.go has the list.
function readRoute(path: string, query: URLSearchParams): Route {
  const parts = path.split('/').filter((part) => part !== '').map(decode)
  const [first, second] = parts
  if (parts.length === 0) return { view: 'sessions', filters: readFilters(query) }
  if (parts.length === 2 && first === 'sessions') {
    return {
      view: 'session', name: second!, tenant: query.get('tenant'), started: query.get('started'),
      component: query.get('component'), error: query.get('error'),
    }
  }
  if (parts.length === 2 && first === 'components') return { view: 'component', id: second!, tenant: query.get('tenant') }
  if (parts.length === 1 && first === 'troubled') {
    return { view: 'troubled', since: SINCES.find((since) => since === query.get('since')) ?? '7', template: query.get('template') ?? '' }
  }
  if (parts.length === 1 && first === 'compare' && query.has('session')) {
    return { view: 'compare', name: query.get('session')!, tenant: query.get('tenant'), started: query.get('started'), other: query.get('other'), otherStarted: query.get('otherStarted') }
  }
  return { view: 'unknown', path }
}

/** The address of a place, relative to the base; "./" is the base itself. */
export function writePlace({ route, wall }: Place): string {
  const query = new URLSearchParams()
  let path = './'
  switch (route.view) {
    case 'sessions':
      writeFilters(route.filters, query)
      break
    case 'session':
      path = `sessions/${encodeURIComponent(route.name)}`
      for (const key of ['tenant', 'started', 'component', 'error'] as const) put(query, key, route[key])
      break
    case 'compare':
      path = 'compare'
      query.set('session', route.name)
      for (const key of ['tenant', 'started', 'other', 'otherStarted'] as const) put(query, key, route[key])
      break
    case 'troubled':
      path = 'troubled'
      if (route.since !== '7') query.set('since', route.since)
      if (route.template !== '') query.set('template', route.template)
      break
    case 'component':
      path = `components/${encodeURIComponent(route.id)}`
      put(query, 'tenant', route.tenant)
      break
    case 'unknown':
      path = route.path
  }
  if (wall) query.set('wall', '1')
  const search = query.toString()
  return search === '' ? path : `${path}?${search}`
}

/** The view of a session, with nothing open in it. */
export function sessionRoute(name: string, tenant: string | null, started: string | null = null): Route {
  return { view: 'session', name, tenant, started, component: null, error: null }
}

/** The comparison of a session with the one before it. */
export function compareRoute(name: string, tenant: string | null, started: string | null): Route {
  return { view: 'compare', name, tenant, started, other: null, otherStarted: null }
}

export const TROUBLED: Route = { view: 'troubled', since: '7', template: '' }

function put(query: URLSearchParams, key: string, value: string | null): void {
  if (value !== null) query.set(key, value)
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a percent sign by hand: it names nothing, and is shown as it is
  }
}

/** A short name for a text in an address: FNV-1a, 32 bits. */
export function digest(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
