import type { ReactNode } from 'react'
import { errorWords } from '../../machine/index.ts'
import { useAsk, useServerNow } from '../context.tsx'
import { COMPONENT, type ComponentRecord as Record } from '../documents.ts'
import { label, moment, span } from '../model/format.ts'
import { sessionRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'

const EVERY = 3_000

/** All that is known of a component, read again and again while it is looked at. */
export function ComponentRecord({ id, tenant }: { id: string; tenant: string | null }) {
  const { data, problem } = useAsk(COMPONENT, { id }, EVERY)
  const c = data?.component
  if (data === null) return <p className="card-empty" role={problem ? 'alert' : undefined}>{problem === null ? 'Reading the component…' : problem.code === 'BAD_USER_INPUT' ? 'This is no xname of a component.' : problem.message}</p>
  if (c == null) return <p className="card-empty">No component of this name is known.</p>
  return (
    <div className="record">
      {problem !== null && <p className="notice" role="alert">{problem.message}</p>}
      <Now c={c} />
      {c.error !== '' && (
        <div className="record-error">
          <h3><Icon name="warning" />Error <CopyButton text={c.error} label="Copy the error" /></h3>
          <pre tabIndex={0}>{errorWords(c.error)}</pre>
        </div>
      )}
      <Part title="BOS">
        <Fact name="Enabled">{c.enabled ? 'yes' : 'no: BOS leaves it alone'}</Fact>
        <Fact name="Session"><Sessions c={c} tenant={tenant} /></Fact>
        <Fact name="Retry policy">{c.retryPolicy ?? <None />}</Fact>
      </Part>
      {c.lastAction && <Action action={c.lastAction} />}
      {c.eventStats && (
        <Part title="Attempts since the last success">
          <Fact name="Power on">{c.eventStats.powerOnAttempts}</Fact>
          <Fact name="Power off, gracefully">{c.eventStats.powerOffGracefulAttempts}</Fact>
          <Fact name="Power off, forcefully">{c.eventStats.powerOffForcefulAttempts}</Fact>
        </Part>
      )}
      {c.desiredState && <State title="Desired state" state={c.desiredState} />}
      {c.actualState && <State title="Actual state" state={c.actualState} />}
      {c.stagedState && <State title="Staged state" state={c.stagedState} />}
    </div>
  )
}

/** The sessions that the component counts in: that of its name, and those of tenants that own it. */
function Sessions({ c, tenant }: { c: Record; tenant: string | null }) {
  if (c.session === '') return <None />
  if (c.countsIn.length === 0) return <Link to={sessionRoute(c.session, tenant)}>{c.session}</Link>
  const first = c.countsIn.toSorted((a, b) => Number(b.tenant === tenant) - Number(a.tenant === tenant)) // from where one came
  return <>{first.map(({ id, name, tenant, operation, templateName }) => (
    <span key={id} className="counts-in">
      <Link to={sessionRoute(name, tenant)}>{label(operation)} {templateName}</Link> <code>{name}</code>{tenant !== null && <> <span className="chip">tenant {tenant}</span></>}
    </span>
  ))}</>
}

function Now({ c }: { c: Record }) {
  const now = useServerNow()
  const { phase, rawPhase, status, rawStatus, statusOverride } = c.status
  return (
    <dl className="record-now">
      <div><dt>Status</dt><dd className="record-status" data-status={status}>{status === 'OTHER' ? rawStatus : label(status)}</dd></div>
      <div><dt>Since</dt><dd>{c.statusSince === null ? <span className="muted">unknown</span> : <>
        <time dateTime={c.statusSince} title={c.statusSince}>{moment(new Date(c.statusSince), new Date())}</time> <span className="muted">({span((now - Date.parse(c.statusSince)) / 1000)})</span>
      </>}</dd></div>
      <div><dt>Phase</dt><dd>{phase === 'OTHER' ? rawPhase : phase === 'NONE' ? <None /> : label(phase)}</dd></div>
      <div><dt>Override</dt><dd>{statusOverride === '' ? <None /> : <code>{statusOverride}</code>}</dd></div>
    </dl>
  )
}

function Action({ action: { action, failed, lastUpdated } }: { action: NonNullable<Record['lastAction']> }) {
  return (
    <Part title="Last action">
      <Fact name="Action">{action === '' ? <None /> : label(action)}</Fact>
      <Fact name="Outcome">{action === '' ? <None /> : failed ? <span className="bad"><Icon name="failed" />failed</span> : 'OK'}</Fact>
      <Fact name="At"><Time iso={lastUpdated} /></Fact>
    </Part>
  )
}

type AnyState = NonNullable<Record['desiredState']> | NonNullable<Record['actualState']> | NonNullable<Record['stagedState']>

function State({ title, state }: { title: string; state: AnyState }) {
  const { kernel, kernelParameters, initrd } = state.bootArtifacts
  return (
    <Part title={title}>
      {'configuration' in state && <Fact name="Configuration">{state.configuration || <None />}</Fact>}
      {'session' in state && <Fact name="Session">{state.session || <None />}</Fact>}
      <Fact name="Kernel"><Artifact text={kernel} /></Fact>
      <Fact name="Initrd"><Artifact text={initrd} /></Fact>
      <Fact name="Parameters"><Artifact text={kernelParameters} /></Fact>
      {'bssToken' in state && <Fact name="BSS token"><Artifact text={state.bssToken} /></Fact>}
      <Fact name="Updated"><Time iso={state.lastUpdated} /></Fact>
    </Part>
  )
}

function Artifact({ text }: { text: string }) {
  return text === '' ? <None /> : <code className="breaks">{text}</code>
}

function Time({ iso }: { iso: string | null }) {
  return iso === null ? <None /> : <time dateTime={iso} title={iso}>{moment(new Date(iso), new Date())}</time>
}

function None() {
  return <span className="muted">none</span>
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return <section><h3>{title}</h3><dl className="facts">{children}</dl></section>
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>
}
