import { useEffect, useState } from 'react'
import type { Client } from 'urql'
import { useApp } from '../context.tsx'
import type { Compared } from '../documents.ts'
import type { Refusal } from '../live/api.ts'
import { whole } from '../model/format.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import { failedOf } from '../session/failed.ts'

/** If it could not be read it is tried again after this, in milliseconds. */
const AGAIN = 5_000

/** The nodes that failed in both sessions: how many, and a button to copy them. */
export function CopyBoth({ a, b }: { a: Compared; b: Compared }) {
  const { api } = useApp()
  const [both, setBoth] = useState<readonly string[] | null>(null)
  const [problem, setProblem] = useState('')
  const [x, y] = [a.status.counts.failed, b.status.counts.failed]
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const read = () => void inBoth(api, a, b).then((ids) => current && setBoth(ids), (error: Refusal) => {
      if (!current) return
      setProblem(error.message)
      timer = setTimeout(read, AGAIN)
    })
    read()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [api, a.id, b.id, x, y])
  if (both === null) return <span className="muted">{problem || 'Reading…'}</span>
  return <>{whole(both.length)} {both.length > 0 && <CopyButton text={both.join(',')} label="Copy these xnames, comma-separated">xnames</CopyButton>}</>
}

async function inBoth(api: Client, a: Compared, b: Compared): Promise<string[]> {
  if (a.status.counts.failed === 0 || b.status.counts.failed === 0) return []
  const [x, y] = await Promise.all([a, b].map(({ name, tenant, status }) => failedOf(api, { name, tenant, started: status.timing.startTime })))
  const others = new Set(y)
  return x!.filter((id) => others.has(id))
}
