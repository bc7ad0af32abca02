import { useCallback, useEffect, useState } from 'react'
import { useApp } from '../context.tsx'
import { ERROR_COMPONENTS, ERROR_GROUPS, type ErrorGroup, FROZEN_ERROR_COMPONENTS, PUSHED_GROUPS, type SessionStatus } from '../documents.ts'
import { ask } from '../live/api.ts'
import { several, whole } from '../model/format.ts'
import { digest } from '../model/route.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import type { Which } from './useSession.ts'

const MORE = 100
const PAGE = 100 // components, as documents.ts asks for
const MOST_READ = 5000 // components of all groups that are read to get at one: about half of what a request may cost

/** The errors, grouped by text, largest group first. */
export function ErrorsSection({ which, status, open, onOpen, onSelect }: {
  which: Which; status: SessionStatus; open: string | null; onOpen: (digest: string | null) => void; onSelect: (id: string) => void
}) {
  const { api } = useApp()
  const [read, setRead] = useState<ErrorGroup[]>([])
  const [wanted, setWanted] = useState(0)
  const { errorSummary, errorGroupCount } = status
  useEffect(() => {
    if (wanted === 0) return
    let current = true
    ask(api, ERROR_GROUPS, { name: which.name, tenant: which.tenant, started: which.started, first: Math.min(1000, wanted) })
      .then(({ session }) => current && setRead(session?.status.errorSummary ?? []), () => {})
    return () => {
      current = false
    }
  }, [api, which.name, which.tenant, which.started, wanted, errorGroupCount])
  const groups = read.length > PUSHED_GROUPS ? [...errorSummary, ...read.slice(errorSummary.length)] : errorSummary
  const affected = groups.reduce((n, group) => n + group.count, 0)
  return (
    <section className="card" aria-labelledby="errors-title">
      <div className="card-head">
        <h2 id="errors-title">Errors</h2>
        {errorGroupCount > 0 && <span className="muted">{several(errorGroupCount, 'distinct error')} on {several(affected, 'node')}</span>}
      </div>
      {errorGroupCount === 0 ? <p className="card-empty card-good"><Icon name="successful" />No component has an error.</p> : (
        <ol className="errors">
          {groups.map((group, at) => {
            const id = digest(group.message)
            return <Group key={group.message} group={group} at={at} which={which} frozen={status.fromSnapshot} open={id === open} onToggle={() => onOpen(id === open ? null : id)} onSelect={onSelect} />
          })}
        </ol>
      )}
      {groups.length < Math.min(1000, errorGroupCount) && (
        <p className="more"><button type="button" className="button" onClick={() => setWanted(groups.length + MORE)}>Show more</button><span className="muted">{whole(groups.length)} of {whole(errorGroupCount)}</span></p>
      )}
    </section>
  )
}

interface GroupProps {
  readonly group: ErrorGroup
  readonly at: number
  readonly which: Which
  readonly frozen: boolean
  readonly open: boolean
  readonly onToggle: () => void
  readonly onSelect: (id: string) => void
}

function Group({ open, onToggle, ...props }: GroupProps) {
  const { group } = props
  return (
    <li className="error" data-open={open || undefined}>
      <button type="button" className="error-head" aria-expanded={open} onClick={onToggle}>
        <Icon name="next" />
        <span className="error-count">{whole(group.count)}<span className="visually-hidden"> {group.count === 1 ? 'component' : 'components'}: </span></span>
        <span className="error-text">{group.message.trim() === '' ? '(blank)' : group.message}</span>
      </button>
      {open && <Affected {...props} />}
    </li>
  )
}

interface Found {
  readonly ids: readonly string[]
  readonly next: string | null
  readonly state: 'reading' | 'read' | 'failed'
}

/** The components that have the error, page by page. */
function Affected({ group, at, which, frozen, onSelect }: Omit<GroupProps, 'open' | 'onToggle'>) {
  const { api } = useApp()
  const [found, setFound] = useState<Found>({ ids: [], next: null, state: 'reading' })
  const { message, count } = group
  const { name, tenant, started } = which
  const read = useCallback(async (after: string | null) => {
    const session = { name, tenant, started, after }
    const page = frozen
      ? (await ask(api, FROZEN_ERROR_COMPONENTS, { ...session, groups: at + 1, size: Math.max(1, Math.min(PAGE, Math.floor(MOST_READ / (at + 1)))) })).session?.status.errorSummary.find((g) => g.message === message)?.components
      : (await ask(api, ERROR_COMPONENTS, { ...session, message })).session?.components
    return { ids: page?.edges.map((edge) => edge.node.id) ?? [], next: page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null }
  }, [api, name, tenant, started, frozen, at, message])
  const load = useCallback((after: string | null, before: readonly string[]) => {
    let current = true
    read(after).then(
      ({ ids, next }) => current && setFound({ ids: [...before, ...ids], next, state: 'read' }),
      () => current && setFound((was) => ({ ...was, state: 'failed' })),
    )
    return () => {
      current = false
    }
  }, [read])
  // While the count grows the first page is read again; users on a later page stay there.
  const paged = found.ids.length > PAGE
  useEffect(() => (paged ? undefined : load(null, [])), [load, count, paged])
  return (
    <div className="affected">
      {found.state === 'failed' && <p className="muted">They could not be read. <button type="button" className="button" onClick={() => load(found.next, found.ids)}>Try again</button></p>}
      <ul aria-label="Affected components">
        {found.ids.map((id) => <li key={id}><button type="button" className="xname" onClick={() => onSelect(id)}>{id}</button></li>)}
      </ul>
      <p className="affected-foot">
        {found.next !== null && <button type="button" className="button" onClick={() => load(found.next, found.ids)}>Show more</button>}
        {found.state === 'reading' ? <span className="muted">Reading…</span> : <span className="muted">{whole(found.ids.length)} of {whole(count)}{frozen && found.next === null && found.ids.length < count && ': the others have been deleted'}</span>}
        {found.ids.length > 0 && <CopyButton text={found.ids.join(',')} label="Copy these xnames, comma-separated">xnames</CopyButton>}
        <CopyButton text={message} label="Copy the error's text">text</CopyButton>
      </p>
    </div>
  )
}
