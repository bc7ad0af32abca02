import { useMemo } from 'react'
import type { Client } from 'urql'
import type { VariablesOf } from '../../gql/index.ts'
import { useApp, useFeed, useReadable } from '../context.tsx'
import { SESSIONS, SESSIONS_UPDATED, type SessionRow } from '../documents.ts'
import { ask, Refusal } from '../live/api.ts'
import type { Feed } from '../live/link.ts'
import { createStore, type Readable } from '../live/store.ts'
import type { ServerClock } from '../model/clock.ts'
import { subscription } from '../live/subscription.ts'
import { drop, extend, put, restart, type SessionList } from './list.ts'

const PAGE = 50
const MOST = 1000 // sessions of a page

type Filter = NonNullable<VariablesOf<typeof SESSIONS>['filter']>

export interface Sessions {
  /** Null until the list has been read. */
  readonly list: SessionList<SessionRow> | null
  readonly problem: Refusal | null
  readonly loading: boolean
}

/** The sessions of the filter, followed. */
export function useSessions(filter: Filter): Sessions & { more: (n: number) => void } {
  const { api, clock } = useApp()
  const key = JSON.stringify(filter)
  const [feed, sessions, more] = useMemo(() => follow(api, clock, filter), [api, clock, key])
  useFeed(feed)
  return { ...useReadable(sessions), more }
}

function follow(api: Client, clock: ServerClock, filter: Filter): [Feed, Readable<Sessions>, (n: number) => void] {
  const state = createStore<Sessions>({ list: null, problem: null, loading: true }, 200)
  const change = (how: (list: SessionList<SessionRow>) => SessionList<SessionRow>) => {
    const { list } = state.get()
    if (list !== null) state.set({ ...state.get(), list: how(list) })
  }
  const stamp = ({ status }: SessionRow) => {
    if (status.status === 'RUNNING' && !status.stale) clock.sample(Date.parse(status.asOf), Date.now())
  }
  const page = async (first: number, after: string | null) => {
    const { sessions } = await ask(api, SESSIONS, { first, after, filter })
    for (const { node } of sessions.edges) stamp(node)
    return {
      rows: sessions.edges.map((edge) => edge.node),
      total: sessions.totalCount,
      more: sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null,
    }
  }
  const failed = (error: unknown) => {
    if (error instanceof Refusal) state.set({ ...state.get(), problem: error, loading: false })
  }
  const feed: Feed = {
    request: () => subscription(SESSIONS_UPDATED, { filter }),
    take: (data) => {
      const { session, deletedId } = (data as { sessionsUpdated: { session: SessionRow | null; deletedId: string | null } }).sessionsUpdated
      if (session !== null) stamp(session)
      change((list) => (session !== null ? put(list, session) : deletedId !== null ? drop(list, deletedId) : list))
    },
    read: async () => {
      try {
        const known = state.get().list?.rows.length ?? 0
        state.set({ list: restart(await page(Math.min(MOST, Math.max(PAGE, known)), null)), problem: null, loading: false })
      } catch (error) {
        failed(error)
        throw error
      }
    },
    readsFirst: true,
    every: 5_000,
  }
  const more = (n: number) => {
    const after = state.get().list?.more ?? null
    if (after === null || state.get().loading) return
    state.set({ ...state.get(), loading: true })
    page(n, after).then(
      (next) => {
        // If the start was read again meanwhile, there may be another end.
        change((list) => (list.more === after ? extend(list, next) : list))
        state.set({ ...state.get(), problem: null, loading: false })
      },
      failed,
    )
  }
  return [feed, state, more]
}
