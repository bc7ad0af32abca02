import { useCallback, useEffect, useRef, useState } from 'react'
import { ComponentPanel } from '../component/ComponentPanel.tsx'
import { useApp, useBehind } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import type { Refusal } from '../live/api.ts'
import { label, percent, several } from '../model/format.ts'
import { isEmpty } from '../model/outcome.ts'
import type { Route, SessionRoute } from '../model/route.ts'
import { failures, failuresText, isCounted, share } from '../model/shares.ts'
import { useGo, usePlace } from '../place.tsx'
import { Icon } from '../shell/Icon.tsx'
import { useTitle } from '../shell/useTitle.ts'
import { CabinetsSection } from './CabinetsSection.tsx'
import { DetailsSection } from './DetailsSection.tsx'
import { DurationsSection } from './DurationsSection.tsx'
import { ErrorsSection } from './ErrorsSection.tsx'
import { FailedSection } from './FailedSection.tsx'
import { Headline } from './Headline.tsx'
import type { Light } from './light.ts'
import { MachineSection } from './MachineSection.tsx'
import { Missing } from './Missing.tsx'
import { NewsSince } from './NewsSince.tsx'
import { Numbers } from './Numbers.tsx'
import { ProgressSection } from './ProgressSection.tsx'
import { SetUpFailed } from './SetUpFailed.tsx'
import { StragglersSection } from './StragglersSection.tsx'
import { WaitingSection } from './WaitingSection.tsx'
import { useProgress } from './useProgress.ts'
import { useNext } from './useNext.ts'
import { useMachine } from './useMachine.ts'
import { useSession } from './useSession.ts'

/** One session. */
export function SessionView({ route }: { route: SessionRoute }) {
  const known = useSession(route)
  switch (known.state) {
    case 'loading':
      return known.problem === null ? <Loading name={route.name} /> : <Unreadable name={route.name} problem={known.problem} />
    case 'missing':
      return <Missing route={route} />
    case 'here':
      // Another one of the same name has nothing in common with it: what its parts have read or followed begins again.
      return <Shown key={known.session.id} route={route} session={known.session} status={known.status} />
  }
}

function Shown({ route, session, status }: { route: SessionRoute; session: SessionDetails; status: SessionStatus }) {
  const { wall } = usePlace()
  const { counts } = status
  const bare = session.error !== null && status.managedComponentsCount === 0
  const empty = isEmpty(status)
  const done = share(status, status.phases.percentComplete, counts.complete)
  const what = `${label(session.operation)} ${session.templateName}`
  useTitle(`${bare ? 'Set-up failed' : empty ? 'Without components' : status.status === 'PENDING' ? 'Pending' : done}${failures(status) > 0 ? ` · ${failuresText(status)} failed` : ''} · ${what}`)
  useBehind(status.stale)
  useAnnounceEnd(what, status)
  useNext(wall, status)

  return (
    <div className="session">
      <Headline session={session} status={status} />
      <NewsSince session={session} status={status} />
      {session.error !== null && <SetUpFailed reason={session.error} session={session} status={status} />}
      {session.deleted && status.status !== 'COMPLETE' && (
        <div className="notice notice-bad" role="alert">
          <Icon name="warning" />
          <div><strong>This session was deleted at BOS before it was complete.</strong> What is shown is how it was last seen. How it would have ended is unknown.</div>
        </div>
      )}
      {empty && session.error === null && (
        <div className="notice notice-bad" role="alert">
          <Icon name="warning" />
          <div><strong>This session is complete without any component.</strong> BOS completes a session that has none left. Other sessions may have taken them over.</div>
        </div>
      )}
      {!bare && <Work route={route} session={session} status={status} />}
    </div>
  )
}

/** What its components are doing. */
function Work({ route, session, status }: { route: SessionRoute; session: SessionDetails; status: SessionStatus }) {
  const go = useGo()
  const progress = useProgress(route)
  const machine = useMachine(route, session.stage, status.fromSnapshot)
  const [light, setLight] = useState<Light | null>(null)
  const [side, setSide] = useState<'left' | 'right'>('right')
  // What is opened over the session is an entry of the history of its own, so that Back closes it; another one takes its place.
  const open = useCallback((component: string | null) => go({ view: 'session', ...route, component } satisfies Route, route.component !== null), [go, route])
  // The record must not cover what it was opened from.
  const openFromMachine = useCallback((component: string | null) => (setSide('right'), open(component)), [open])
  const openFromList = useCallback((component: string | null) => (setSide('left'), open(component)), [open])
  const openError = useCallback((error: string | null) => go({ view: 'session', ...route, error } satisfies Route, route.error !== null), [go, route])
  return (
    <>
      <Numbers status={status} estimate={progress?.status.estimatedEnd ?? null} />
      <div className="session-grid" data-bare={(machine.size === 0 && machine.loading === null) || undefined}>
        <div className="session-main">
          <MachineSection machine={machine} status={status} selected={route.component} onSelect={openFromMachine} light={light} onLight={setLight} />
          <CabinetsSection cabinets={progress?.status.byCabinet ?? null} lit={light} onLight={setLight} />
          <DurationsSection which={{ ...route, started: status.timing.startTime }} progress={progress} />
        </div>
        <div className="session-side">
          <ProgressSection which={route} status={status} progress={progress} />
          <ErrorsSection which={route} status={status} progress={progress} machine={machine} open={route.error} onOpen={openError} onSelect={openFromList} onLight={setLight} />
          <FailedSection which={route} status={status} progress={progress} onSelect={openFromList} />
          {!status.fromSnapshot && <WaitingSection waiting={progress?.status.waitingFor ?? null} onSelect={openFromList} />}
          {!status.fromSnapshot && <StragglersSection stragglers={progress?.stragglers ?? null} onSelect={openFromList} />}
          <DetailsSection which={route} session={session} status={status} />
        </div>
      </div>
      {route.component !== null && <ComponentPanel id={route.component} tenant={session.tenant} side={side} onClose={() => open(null)} />}
    </>
  )
}

/** Says once that the session has ended, to who can't see it. */
function useAnnounceEnd(what: string, status: SessionStatus): void {
  const { said } = useApp()
  const was = useRef(status.status)
  useEffect(() => {
    if (was.current !== 'COMPLETE' && status.status === 'COMPLETE') {
      const successful = isCounted(status) ? status.counts.successful : percent(status.percentSuccessful, 0, 0)
      said.set(isEmpty(status) ? `${what} is complete without any component.`
        : `${what} is complete: of ${several(status.managedComponentsCount, 'node')} ${successful} successful, ${failuresText(status)} failed.`)
    }
    was.current = status.status
  }, [said, what, status])
}

function Loading({ name }: { name: string }) {
  useTitle(name)
  return <div className="loading"><h1 className="visually-hidden">Session {name}</h1>Reading the session…</div>
}

function Unreadable({ name, problem }: { name: string; problem: Refusal }) {
  useTitle(name)
  useBehind(problem.code === 'UNAVAILABLE')
  return <div className="empty"><h1>Session {name}</h1><p role="alert">{problem.message} The session is shown as soon as it can be read.</p></div>
}
