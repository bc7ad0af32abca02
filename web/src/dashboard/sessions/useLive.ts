import { useMemo } from 'react'
import { useAsk } from '../context.tsx'
import { PENDING, RUNNING_ROWS, type SessionRow } from '../documents.ts'
import { apiFilter, type Filters } from '../model/filters.ts'

const EVERY = 10_000

/** What runs and what is pending of all sessions of a filter, up to as many as are asked for. */
export interface Live {
  readonly running: readonly SessionRow[]
  readonly moreRunning: boolean
  /** Null: not asked, or not known yet. */
  readonly pending: number | null
  readonly morePending: boolean
  /** The server refuses to look that far back: what is listed is all that is known. */
  readonly refused: boolean
}

const NOTHING: readonly SessionRow[] = []

/** Asked apart from the list, as a session that has run for long is not among its newest. Not at all if there are no `more` than are listed. */
export function useLive(filters: Filters, more: boolean): Live {
  const filter = apiFilter(filters)
  const may = (state: Filters['state']) => filters.state === null || filters.state === state
  const running = useAsk(RUNNING_ROWS, more && may('RUNNING') ? { filter: { ...filter, status: 'RUNNING' } } : null, EVERY)
  const pending = useAsk(PENDING, more && may('PENDING') ? { filter: { ...filter, status: 'PENDING' } } : null, EVERY)
  return useMemo(() => ({
    running: running.data?.sessions.nodes ?? NOTHING,
    moreRunning: running.data?.sessions.pageInfo.hasNextPage ?? false,
    pending: pending.data?.sessions.nodes.length ?? null,
    morePending: pending.data?.sessions.pageInfo.hasNextPage ?? false,
    refused: running.problem?.code === 'BAD_USER_INPUT' || pending.problem?.code === 'BAD_USER_INPUT',
  }), [running.data, running.problem, pending.data, pending.problem])
}
