import { useMemo } from 'react'
import type { Client } from 'urql'
import { useApp, useFeed, useReadable } from '../context.tsx'
import { SESSION, type SessionDetails, type SessionStatus, STATUS_UPDATED } from '../documents.ts'
import { ask, Refusal } from '../live/api.ts'
import type { Feed } from '../live/link.ts'
import { createStore, type Readable } from '../live/store.ts'
import { subscription } from '../live/subscription.ts'
import type { ServerClock } from '../model/clock.ts'

/** Which session is meant: the newest of a name in its tenant, or the one that started then. */
export interface Which {
  readonly name: string
  readonly tenant: string | null
  readonly started: string | null
}

export type Session =
  | { readonly state: 'loading'; readonly problem: Refusal | null }
  | { readonly state: 'missing' }
  | { readonly state: 'here'; readonly session: SessionDetails; readonly status: SessionStatus }

/** A session that has ended is looked at so often, in milliseconds: its name may be used again, it may be deleted, and BOS may change its status. */
const ENDED = 20_000

/** The session and its status, followed while it is shown. */
export function useSession(which: Which): Session {
  const { api, clock } = useApp()
  const { name, tenant, started } = which
  const [feed, store] = useMemo(() => follow(api, clock, { name, tenant, started }), [api, clock, name, tenant, started])
  useFeed(feed)
  return useReadable(store)
}

function follow(api: Client, clock: ServerClock, which: Which): [Feed, Readable<Session>] {
  const store = createStore<Session>({ state: 'loading', problem: null }, 200)
  const show = (session: SessionDetails, status: SessionStatus) => {
    const now = store.get()
    if (now.state === 'here') {
      // Of a name that was used again the subscription has the newest; and what was read may be older than what was pushed.
      if (which.started !== null && now.session.id !== session.id) return
      if (now.status.epoch === status.epoch && now.status.revision > status.revision && now.session.id === session.id) return
    }
    if (status.status === 'RUNNING' && !status.stale) clock.sample(Date.parse(status.asOf), Date.now())
    store.set({ state: 'here', session, status })
  }
  const read = async () => {
    try {
      const { session } = await ask(api, SESSION, { ...which })
      if (session === null) store.set({ state: 'missing' })
      else show(session, session.status)
    } catch (error) {
      if (store.get().state === 'loading' && error instanceof Refusal) store.set({ state: 'loading', problem: error })
      throw error
    }
  }
  const feed: Feed = {
    request: () => {
      const now = store.get()
      const known = now.state === 'here' ? { revision: now.status.revision, epoch: now.status.epoch } : { revision: null, epoch: null }
      return subscription(STATUS_UPDATED, { name: which.name, tenant: which.tenant, ...known })
    },
    take: (data) => {
      const { session, ...status } = (data as { sessionStatusUpdated: SessionStatus & { session: SessionDetails } }).sessionStatusUpdated
      if (which.started === null || store.get().state === 'here') show(session, status)
    },
    read,
    readsFirst: true,
    every: 5_000,
    resumesAfter: ENDED,
    failed: ({ code }) => {
      if (code === 'NOT_FOUND' && which.started === null) void read().catch(() => {}) // deleted: the history may have it
    },
  }
  return [feed, store]
}
