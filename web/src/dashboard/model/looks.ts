// What has happened to sessions since somebody looked at them in this browser.

import type { State } from './filters.ts'

/** What there was to see of a session. */
export interface Seen {
  readonly id: string
  /** When it started, in milliseconds. */
  readonly started: number
  readonly state: State
  readonly failed: number
  readonly managed: number
}

/** What was seen of a session, and when, in milliseconds; null: never. */
export interface Look extends Seen {
  readonly at: number | null
}

/** What was seen of all sessions. Those that started after `since` and are not here have never been looked at. */
export interface Looks {
  readonly since: number
  readonly seen: Readonly<Record<string, Look>>
}

/** What is new about a session. */
export interface News {
  readonly failed: number
  readonly complete: boolean
  /** Components that newer sessions have taken over. */
  readonly takenOver: number
}

/** What is older than this is not remembered: milliseconds. */
const KEPT = 30 * 24 * 3_600_000
/** So many sessions are remembered. */
const MOST = 500

/** Nothing seen yet. Only what starts from now on can be new. */
export function beginLooks(now: number): Looks {
  return { since: now, seen: {} }
}

/** What was seen before; null if it is unknown, as for a session older than the memory. */
export function before(looks: Looks, now: Seen): Look | null {
  return looks.seen[now.id] ?? (now.started > looks.since ? { ...now, state: 'PENDING', failed: 0, managed: 0, at: null } : null)
}

/** What differs from what was seen before; null if nothing that matters does. */
export function newsOf(was: Look | null, now: Seen): News | null {
  if (was === null) return null
  const news = {
    failed: Math.max(0, now.failed - was.failed),
    complete: was.state !== 'COMPLETE' && now.state === 'COMPLETE',
    takenOver: Math.max(0, was.managed - now.managed),
  }
  return news.failed > 0 || news.complete || news.takenOver > 0 ? news : null
}

/** The news in words, most important first. */
export function newsWords({ failed, complete, takenOver }: News): string[] {
  return [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(takenOver > 0 ? [`${takenOver} taken over`] : []),
    ...(complete ? ['complete'] : []),
  ]
}

/** Remembers that these were looked at. The same object if nothing changes by that. */
export function look(looks: Looks, sessions: readonly Seen[], at: number): Looks {
  const changed = sessions.filter((now) => {
    const was = looks.seen[now.id]
    return was === undefined || was.state !== now.state || was.failed !== now.failed || was.managed !== now.managed
  })
  if (changed.length === 0) return looks
  return forget({ ...looks, seen: { ...looks.seen, ...Object.fromEntries(changed.map((now) => [now.id, { ...now, at }])) } }, at)
}

/** Remembers those of which it is unknown what was seen: what happens to them from now on is new. */
export function notice(looks: Looks, sessions: readonly Seen[], at: number): Looks {
  return look(looks, sessions.filter((now) => before(looks, now) === null && at - now.started < KEPT), at)
}

/** What two tabs have seen: of each session what was seen last. */
export function merge(a: Looks, b: Looks): Looks {
  const seen = { ...a.seen }
  for (const [id, one] of Object.entries(b.seen)) if ((seen[id]?.at ?? 0) <= (one.at ?? 0)) seen[id] = one
  return { since: Math.max(a.since, b.since), seen }
}

/** Drops old sessions, and more of the oldest if there are too many; they can't be new any more. */
function forget(looks: Looks, now: number): Looks {
  const newest = Object.values(looks.seen).sort((a, b) => b.started - a.started)
  const recent = newest.slice(0, MOST).filter(({ started }) => now - started < KEPT)
  const dropped = newest[recent.length]
  return {
    since: Math.max(looks.since, now - KEPT, dropped?.started ?? 0),
    seen: Object.fromEntries(recent.map((one) => [one.id, one])),
  }
}

/** What was written by JSON.stringify; null for anything else. */
export function readLooks(text: string | null): Looks | null {
  try {
    const looks = JSON.parse(text ?? 'null') as Partial<Looks> | null
    return looks !== null && typeof looks.since === 'number' && typeof looks.seen === 'object' && looks.seen !== null ? (looks as Looks) : null
  } catch {
    return null
  }
}
