import { useMemo } from 'react'
import type { Client } from 'urql'
import { useApp, useFeed, useReadable } from '../context.tsx'
import { PROGRESS, PROGRESS_UPDATED, type Progress } from '../documents.ts'
import { ask } from '../live/api.ts'
import type { Feed } from '../live/link.ts'
import { createStore, type Readable } from '../live/store.ts'
import { subscription } from '../live/subscription.ts'
import type { Which } from './useSession.ts'

/** How the session went until now, how the one before it went, and who is slow. Null until it is read. */
export function useProgress(which: Which): Progress | null {
  const { api } = useApp()
  const { name, tenant, started } = which
  const [feed, store] = useMemo(() => follow(api, { name, tenant, started }), [api, name, tenant, started])
  useFeed(feed)
  return useReadable(store)
}

type Pushed = Progress['status'] & { readonly session: Pick<Progress, 'id' | 'stragglers'> }

function follow(api: Client, which: Which): [Feed, Readable<Progress | null>] {
  const store = createStore<Progress | null>(null, 200)
  const feed: Feed = {
    request: () => subscription(PROGRESS_UPDATED, { name: which.name, tenant: which.tenant }),
    take: (data) => {
      const { session, ...status } = (data as { sessionStatusUpdated: Pushed }).sessionStatusUpdated
      const now = store.get()
      if (now?.id === session.id) store.set({ ...now, status, stragglers: session.stragglers })
    },
    read: async () => {
      const { session } = await ask(api, PROGRESS, { ...which })
      store.set(session)
    },
    readsFirst: true,
    every: 10_000,
    complete: () => void feed.read().catch(() => {}),
  }
  return [feed, store]
}
