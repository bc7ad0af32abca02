import { useEffect, useState } from 'react'
import { useAsk } from '../context.tsx'
import { RUNNING, type SessionStatus } from '../documents.ts'
import { sessionRoute } from '../model/route.ts'
import { useGo } from '../place.tsx'

/** A session that has ended stays on a wall for so long, to be read: milliseconds. */
const READ = 60_000
const EVERY = 10_000

/** Moves a wall to what runs: the newest running session, once the one shown has ended, or was deleted, and could be read. */
export function useNext(wall: boolean, { status, fromSnapshot }: SessionStatus): void {
  const go = useGo()
  const ended = wall && (status === 'COMPLETE' || fromSnapshot)
  const [read, setRead] = useState(false)
  const { data } = useAsk(RUNNING, ended ? {} : null, EVERY)
  const next = data?.sessions.nodes.find(({ deleted }) => !deleted)
  useEffect(() => {
    setRead(false)
    if (!ended) return
    const timer = setTimeout(() => setRead(true), READ)
    return () => clearTimeout(timer)
  }, [ended])
  useEffect(() => {
    if (read && next !== undefined) go(sessionRoute(next.name, next.tenant), true)
  }, [read, next?.name, next?.tenant, go])
}
