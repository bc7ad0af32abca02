import { useEffect } from 'react'
import { useAsk } from '../context.tsx'
import { RUNNING, type SessionStatus } from '../documents.ts'
import { sessionRoute } from '../model/route.ts'
import { useGo } from '../place.tsx'

/** A session that has ended stays on a wall for so long, to be read: milliseconds. */
const READ = 60_000
const EVERY = 10_000

/** Moves a wall to what runs: the newest running session, once the one shown has ended. */
export function useNext(wall: boolean, { status }: SessionStatus): void {
  const go = useGo()
  const ended = wall && status === 'COMPLETE'
  const { data } = useAsk(RUNNING, ended ? {} : null, EVERY)
  const next = data?.sessions.edges[0]?.node
  useEffect(() => {
    if (!ended || next === undefined) return
    const timer = setTimeout(() => go(sessionRoute(next.name, next.tenant), true), READ)
    return () => clearTimeout(timer)
  }, [ended, next?.name, next?.tenant, go])
}
