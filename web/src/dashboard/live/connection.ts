// How the page is connected, as a pure function of what has happened: which way is
// taken, whether it works, and what to report to people.

/** The ways to the server, best first. */
export type Way = 'websocket' | 'events' | 'polling'

export interface Connection {
  readonly way: Way
  /** Whether that way is open. */
  readonly up: boolean
  /** When `up` last changed, in milliseconds as Date.now() has them. */
  readonly since: number
  /** When something was last received from the server, in whatever way; null: never. */
  readonly received: number | null
  /** Failures of this way in a row while the server did answer requests. */
  readonly blocked: number
  /** Failures in a row, of the server too: what the wait for the next attempt grows with. */
  readonly failures: number
  /** Whether this computer has a network, as far as its browser knows. */
  readonly online: boolean
}

export type Happening =
  | { readonly type: 'opened'; readonly at: number }
  | { readonly type: 'received'; readonly at: number }
  /** What was open was interrupted. */
  | { readonly type: 'broken'; readonly at: number }
  /** The way has failed or was interrupted; `answered`: the server was asked then and did answer. */
  | { readonly type: 'lost'; readonly at: number; readonly answered: boolean }
  /** A better way was tried on the side, and is open. */
  | { readonly type: 'found'; readonly at: number; readonly way: Way }
  | { readonly type: 'online'; readonly at: number; readonly online: boolean }

/** So often a way may fail in a row, before the server's eyes, until it counts as blocked. */
const TOLERATED = 2

/** A way that has worked for so long is not blocked, even if it is interrupted: milliseconds. */
const PROVEN = 5_000

export function begin(at: number, online: boolean, way: Way = 'websocket'): Connection {
  return { way, up: false, since: at, received: null, blocked: 0, failures: 0, online }
}

export function step(c: Connection, happening: Happening): Connection {
  const { at } = happening
  switch (happening.type) {
    case 'opened':
      return { ...c, up: true, since: c.up ? c.since : at, received: at }
    case 'received':
      return { ...c, received: at, ...(c.up && at - c.since > PROVEN && { blocked: 0, failures: 0 }) }
    case 'broken':
      return breakOff(c, at)
    case 'lost':
      return lose(breakOff(c, at), happening.answered)
    case 'found':
      return { ...c, way: happening.way, up: false, since: at, blocked: 0, failures: 0 }
    case 'online':
      return { ...c, online: happening.online }
  }
}

function breakOff(c: Connection, at: number): Connection {
  if (!c.up) return c
  const proven = at - c.since > PROVEN
  return { ...c, up: false, since: at, ...(proven && { blocked: -1, failures: 0 }) } // this once is held against nobody
}

function lose(c: Connection, answered: boolean): Connection {
  const blocked = answered ? c.blocked + 1 : 0
  const next = worse(c.way)
  if (blocked >= TOLERATED && next !== null) return { ...c, way: next, blocked: 0, failures: 0 }
  return { ...c, blocked, failures: c.failures + 1 }
}

function worse(way: Way): Way | null {
  return way === 'websocket' ? 'events' : way === 'events' ? 'polling' : null
}

/**
 * How long to wait before the next attempt, in milliseconds: short at first, as a server
 * is restarted within seconds, and never long, as somebody is looking at the page.
 * @param random 0 to 1: many pages must not come back at the same moment
 */
export function wait(c: Connection, random: number): number {
  const longest = Math.min(5_000, 250 * 2 ** Math.min(c.failures, 6))
  return longest * (0.5 + random / 2)
}

/** Without a word from the server, which pings every 25 s, for so long, what is shown may be behind: milliseconds. */
export const SILENCE = 45_000

/** What there is to say about the connection. */
export interface Report {
  readonly tone: 'live' | 'polling' | 'waiting' | 'stale' | 'offline'
  readonly label: string
  readonly detail: string
}

/**
 * @param behind whether the server says that what it sent may be behind, or that it cannot read now
 * @param every how often is polled, in seconds
 */
export function report(c: Connection, behind: boolean, now: number, every: number): Report {
  const away = Math.round((now - c.since) / 1000)
  if (!c.up && !c.online) return { tone: 'offline', label: 'Offline', detail: 'This computer has no network. What you see is what was known before.' }
  if (!c.up && c.received === null && away < 10) return { tone: 'waiting', label: 'Connecting', detail: 'The first answer is awaited.' }
  if (!c.up && away < 20) return { tone: 'waiting', label: 'Reconnecting', detail: 'The connection was interrupted. The page reconnects by itself.' }
  if (!c.up) return { tone: 'offline', label: 'No connection', detail: 'The server does not answer. The page keeps trying and reconnects by itself.' }
  if (behind) return { tone: 'stale', label: 'May be behind', detail: 'Redis or BOS has not responded to the server for too long, or a record from BOS cannot be stored. What you see may be out of date.' }
  if (c.received !== null && now - c.received > SILENCE) return { tone: 'stale', label: 'Silent', detail: 'The connection is open, but nothing has been received for too long. What you see may be out of date.' }
  switch (c.way) {
    case 'websocket':
      return { tone: 'live', label: 'Live', detail: 'Every change is pushed to this page.' }
    case 'events':
      return { tone: 'live', label: 'Live, by event stream', detail: 'WebSockets do not get through to the server; changes are pushed by event streams.' }
    case 'polling':
      return { tone: 'polling', label: 'Polling', detail: `Neither WebSockets nor event streams get through; the server is asked every ${every} s.` }
  }
}
