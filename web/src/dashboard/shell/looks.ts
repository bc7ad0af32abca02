// What was last seen of each session, kept in this browser.

import { basePath } from '../../base.ts'
import type { SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { beginLooks, look, type Looks, merge, notice, readLooks, type Seen } from '../model/looks.ts'

const KEY = `bosgraph.looks ${basePath}` // other systems may be at other paths of this server
/** What is seen is written at most so often, in milliseconds. */
const PACE = 1_000

export const looks = createStore<Looks>(stored() ?? beginLooks(Date.now()))

/** What there is to see of a session. */
export function seen(id: string, { status, counts, timing }: Pick<SessionStatus, 'status' | 'counts' | 'timing'>): Seen {
  return { id, started: Date.parse(timing.startTime), state: status, failed: counts.failed, managed: counts.managed }
}

/** Remembers that these sessions were looked at. */
export function lookAt(sessions: readonly Seen[]): void {
  change(look(looks.get(), sessions, Date.now()))
}

/** Remembers sessions that are listed for the first time. */
export function list(sessions: readonly Seen[]): void {
  change(notice(looks.get(), sessions, Date.now()))
}

/** Follows what other tabs have seen, and keeps what this one has. */
export function startLooks(): void {
  write()
  addEventListener('storage', ({ key, newValue }) => {
    const other = key === KEY ? readLooks(newValue) : null
    if (other !== null) looks.set(merge(looks.get(), other)) // what this tab is still to write stays
  })
  addEventListener('pagehide', write)
}

let timer: ReturnType<typeof setTimeout> | undefined

function change(next: Looks): void {
  if (next === looks.get()) return
  looks.set(next)
  timer ??= setTimeout(write, PACE)
}

function write(): void {
  clearTimeout(timer)
  timer = undefined
  try {
    localStorage.setItem(KEY, JSON.stringify(looks.get()))
  } catch {
    // No storage: remembered for this page only.
  }
}

function stored(): Looks | null {
  try {
    return readLooks(localStorage.getItem(KEY))
  } catch {
    return null
  }
}
