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
import { drop, extend, put, restart, type SessionList, type SessionPage } from './list.ts'

const PAGE = 50
const MOST = 1000 // sessions of a page

type List = SessionList<SessionRow>
type Change = (list: List) => List
type Filter = NonNullable<VariablesOf<typeof SESSIONS>['filter']>

export interface Sessions {
  /** Null until the list has been read. */
  readonly list: List | null
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
  const readings = new Set<Change[]>()
  const change = (how: Change) => {
    for (const meanwhile of readings) meanwhile.push(how)
    const { list } = state.get()
    if (list !== null) state.set({ ...state.get(), list: how(list) })
  }
  const stamp = ({ status }: SessionRow) => {
    if (status.status === 'RUNNING' && !status.stale) clock.sample(Date.parse(status.asOf), Date.now())
  }
  /** Reads a page, places it in the list, and after it what was pushed while it was on its way: that may be newer. */
  const page = async (first: number, after: string | null, place: (list: List | null, page: SessionPage<SessionRow>) => List) => {
    const meanwhile: Change[] = []
    readings.add(meanwhile)
    try {
      const { sessions: { edges, totalCount, pageInfo } } = await ask(api, SESSIONS, { first, after, filter })
      const rows = edges.map((edge) => edge.node)
      rows.forEach(stamp)
      const { list: before } = state.get()
      const list = place(before, { rows, total: totalCount, more: pageInfo.hasNextPage ? pageInfo.endCursor : null })
      state.set({ list: list === before ? list : meanwhile.reduce((now, how) => how(now), list), problem: null, loading: false })
    } finally {
      readings.delete(meanwhile)
    }
  }
  let asked = 0
  let placed = 0
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
        const turn = ++asked
        const known = state.get().list?.rows.length ?? 0
        await page(Math.min(MOST, Math.max(PAGE, known)), null, (list, start) => {
          if (list !== null && turn < placed) return list // a later reading was answered first
          placed = turn
          return restart(start)
        })
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
    // If the start was read again meanwhile, there may be another end.
    page(n, after, (list, next) => (list!.more === after ? extend(list!, next) : list!)).catch(failed)
  }
  return [feed, state, more]
}
