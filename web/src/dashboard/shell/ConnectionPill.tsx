import { useEffect, useRef } from 'react'
import { useApp, useNow, useReadable } from '../context.tsx'
import { report } from '../live/connection.ts'
import { moment } from '../model/format.ts'

/** How often feeds are polled, at least, as people are shown: seconds. */
const EVERY = 5

/** Says always, in words, how the page is connected and how old what it shows may be. */
export function ConnectionPill() {
  const { link, behind, said } = useApp()
  const connection = useReadable(link.connection)
  const now = useNow()
  const { tone, label, detail } = report(connection, useReadable(behind) > 0, now, EVERY)
  const known = connection.received === null ? '' : `Last update from server: ${moment(new Date(connection.received), new Date(now))}.`
  const old = tone === 'offline' || tone === 'stale'
  useEffect(() => {
    document.documentElement.dataset['link'] = tone // what is old looks old, from across the room
  }, [tone])
  const was = useRef(label)
  useEffect(() => {
    if (was.current !== label && (was.current !== 'Connecting' || tone === 'offline')) said.set(`Connection: ${label}. ${detail}`)
    was.current = label
  }, [label, tone, detail, said])
  return (
    <div className="pill" data-tone={tone} data-way={connection.way} title={`${detail} ${known}`}>
      <span className="pill-dot" aria-hidden="true" />
      <span className="visually-hidden">Connection: </span>
      {label}
      {old && connection.received !== null && <span className="pill-since"> since {moment(new Date(tone === 'stale' ? connection.received : connection.since), new Date(now))}</span>}
    </div>
  )
}
