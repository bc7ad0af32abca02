import { useEffect, useState } from 'react'
import { useNow } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { several, span, whole } from '../model/format.ts'
import { before, newsOf } from '../model/looks.ts'
import { usePlace } from '../place.tsx'
import { looks, lookAt, seen } from '../shell/looks.ts'

/** Away for so long, and what happened meanwhile is news: milliseconds. */
const AWAY = 60_000

/** What has happened to the session since it was last looked at here. Nobody looks at a hidden tab, nor, as far as is known, at a wall. */
export function NewsSince({ session, status }: { session: SessionDetails; status: SessionStatus }) {
  const { wall } = usePlace()
  const now = seen(session.id, status)
  const [was, setWas] = useState(() => before(looks.get(), now))
  const { state, failed, managed } = now
  useEffect(() => {
    if (wall) return
    let left = 0
    const look = () => {
      if (document.hidden) left = Date.now()
      else {
        if (left > 0 && Date.now() - left > AWAY) setWas(before(looks.get(), now))
        lookAt([now])
      }
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [wall, now.id, state, failed, managed])
  const news = newsOf(was, now)
  if (wall || news === null || was?.at == null) return null
  return <Words at={was.at} news={[
    ...(news.failed > 0 ? [`${whole(news.failed)} more failed`] : []),
    ...(news.takenOver > 0 ? [`newer sessions have taken over ${several(news.takenOver, 'node')}`] : []),
    ...(news.complete ? ['it has completed'] : []),
  ]} />
}

function Words({ at, news }: { at: number; news: string[] }) {
  const now = useNow()
  return <p className="hint news-since"><span>Since you looked {span((now - at) / 1000)} ago: <strong>{news.join(', ')}</strong>.</span></p>
}
