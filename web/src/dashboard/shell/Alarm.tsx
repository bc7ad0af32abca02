import type { ReactNode } from 'react'
import { useApp, useNow, useReadable, useServerNow } from '../context.tsx'
import { report } from '../live/connection.ts'
import { moment, span } from '../model/format.ts'
import { Icon } from './Icon.tsx'
import { useServer } from './server.tsx'

/** What makes all that is shown out of date, on every view, with its age: the server or BOS does not answer. */
export function Alarm() {
  const { link, behind } = useApp()
  const connection = useReadable(link.connection)
  const now = useNow()
  const serverNow = useServerNow()
  const sync = useServer()?.sync
  const source = useReadable(behind) > 0
  const { tone, detail } = report(connection, source, now, 0)
  const server = connection.received === null ? null : <Age since={connection.received} now={now} />
  const bos = sync?.lastSweep == null ? null : <Age since={Date.parse(sync.lastSweep)} now={serverNow} />
  if (tone === 'offline') return <Bar>{detail} {server}</Bar>
  if (sync?.error != null) return <Bar>BOS sync failing: {sync.error} {bos ?? <b>Nothing has been read from BOS yet.</b>}</Bar>
  if (tone === 'stale') return <Bar>{detail} {source ? bos : server}</Bar>
  return null
}

function Bar({ children }: { children: ReactNode }) {
  return <div className="alarm" role="alert"><Icon name="warning" /><p>{children}</p></div>
}

/** The moment stands still for screen readers; how long ago it was is for the eye. */
function Age({ since, now }: { since: number; now: number }) {
  const time = new Date(since)
  return <b>What you see is from <time dateTime={time.toISOString()}>{moment(time, new Date(now))}</time><span aria-hidden="true">, {span((now - since) / 1000)} ago</span>.</b>
}
