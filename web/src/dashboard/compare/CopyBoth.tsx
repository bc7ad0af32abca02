import { useEffect, useState } from 'react'
import type { Client } from 'urql'
import { useApp } from '../context.tsx'
import type { Compared } from '../documents.ts'
import { whole } from '../model/format.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import { failedOf } from '../session/failed.ts'

/** The nodes that failed in both sessions: how many, and a button to copy them. */
export function CopyBoth({ a, b }: { a: Compared; b: Compared }) {
  const { api } = useApp()
  const [both, setBoth] = useState<readonly string[] | null>(null)
  const [x, y] = [a.status.counts.failed, b.status.counts.failed]
  useEffect(() => {
    let current = true
    void inBoth(api, a, b).then((ids) => current && setBoth(ids), () => {})
    return () => {
      current = false
    }
  }, [api, a.id, b.id, x, y])
  if (both === null) return <span className="muted">Reading…</span>
  return <>{whole(both.length)} {both.length > 0 && <CopyButton text={both.join(',')} label="Copy these xnames, comma-separated">xnames</CopyButton>}</>
}

async function inBoth(api: Client, a: Compared, b: Compared): Promise<string[]> {
  if (a.status.counts.failed === 0 || b.status.counts.failed === 0) return []
  const [x, y] = await Promise.all([a, b].map(({ name, tenant, status }) => failedOf(api, { name, tenant, started: status.timing.startTime })))
  const others = new Set(y)
  return x!.filter((id) => others.has(id))
}
