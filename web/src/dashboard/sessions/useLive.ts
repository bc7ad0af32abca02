import { useMemo } from 'react'
import { useAsk } from '../context.tsx'
import { LIVE, type SessionRow } from '../documents.ts'
import { apiFilter, type Filters } from '../model/filters.ts'

const EVERY = 10_000

/** What runs and what is pending of all sessions of a filter, up to as many as LIVE asks for. */
export interface Live {
  readonly running: readonly SessionRow[]
  readonly moreRunning: boolean
  /** Null: not asked, or not known yet. */
  readonly pending: number | null
  readonly morePending: boolean
}

const NOTHING: Live = { running: [], moreRunning: false, pending: null, morePending: false }

/** Asked apart from the list, as a session that has run for long is not among its newest. Not at all if there are no `more` than are listed. */
export function useLive(filters: Filters, more: boolean): Live {
  const filter = apiFilter(filters)
  const may = (state: Filters['state']) => filters.state === null || filters.state === state
  const { data } = useAsk(LIVE, more ? {
    running: { ...filter, status: 'RUNNING' }, withRunning: may('RUNNING'),
    pending: { ...filter, status: 'PENDING' }, withPending: may('PENDING'),
  } : null, EVERY)
  return useMemo(() => data === null ? NOTHING : {
    running: data.running?.nodes ?? [],
    moreRunning: data.running?.pageInfo.hasNextPage ?? false,
    pending: data.pending?.nodes.length ?? 0,
    morePending: data.pending?.pageInfo.hasNextPage ?? false,
  }, [data])
}
