// What the dashboard asks the API.

import { graphql, type ResultOf } from '../gql/index.ts'

const counts = graphql(`
  fragment Counts on SessionCounts @_unmask { managed staged successful failed complete configuring poweringOff poweringOn active }
`)

const status = graphql(`
  fragment Status on SessionStatus @_unmask {
    revision epoch status percentStaged percentSuccessful percentFailed fromSnapshot statusNote stale asOf
    phases { percentComplete percentConfiguring percentPoweringOn percentPoweringOff }
    counts { ...Counts }
    timing { startTime endTime durationSeconds }
  }
`, [counts])

const row = graphql(`
  fragment Row on Session @_unmask {
    id name tenant operation templateName limit stage error deleted
    status { ...Status estimatedEndTime }
  }
`, [status])

export const SESSIONS = graphql(`
  query Sessions($first: Int!, $after: String, $filter: SessionFilter) {
    sessions(first: $first, after: $after, filter: $filter) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { ...Row } }
    }
  }
`, [row])

export const SESSIONS_UPDATED = graphql(`
  subscription SessionsUpdated($filter: SessionFilter) {
    sessionsUpdated(filter: $filter) { deletedId session { ...Row } }
  }
`, [row])

const details = graphql(`
  fragment Details on Session @_unmask { id name tenant operation templateName limit stage includeDisabled source error deleted }
`)

/** Error groups are pushed with a status up to this number; the rest is read when asked for. */
export const PUSHED_GROUPS = 20

const errors = graphql(`
  fragment Errors on SessionStatus @_unmask { errorGroupCount errorSummary(first: 20) { message count list } }
`)

export const SESSION = graphql(`
  query Session($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) { ...Details status { ...Status ...Errors } }
  }
`, [details, status, errors])

export const STATUS_UPDATED = graphql(`
  subscription Status($name: String!, $tenant: String, $revision: Revision, $epoch: String) {
    sessionStatusUpdated(name: $name, tenant: $tenant, minInterval: 250, sinceRevision: $revision, sinceEpoch: $epoch) {
      ...Status ...Errors session { ...Details }
    }
  }
`, [details, status, errors])

const points = graphql(`
  fragment Points on SessionStatus @_unmask { progress(maxPoints: 200) { time counts { ...Counts } } }
`, [counts])

const stragglers = graphql(`
  fragment Stragglers on Session @_unmask { stragglers(first: 8) { id statusSince error status { phase status rawStatus } } }
`)

const waiting = graphql(`
  fragment Waiting on SessionStatus @_unmask { waitingFor { reason text count since components(first: 3) { edges { node { id } } } } }
`)

export const PROGRESS = graphql(`
  query Progress($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      id ...Stragglers status { estimatedEndTime ...Points ...Waiting }
      previous(first: 1) { name tenant status { ...Points timing { startTime endTime durationSeconds } } }
    }
  }
`, [points, stragglers, waiting])

export const PROGRESS_UPDATED = graphql(`
  subscription Progress($name: String!, $tenant: String) {
    sessionStatusUpdated(name: $name, tenant: $tenant, minInterval: 5000) {
      estimatedEndTime ...Points ...Waiting session { id ...Stragglers }
    }
  }
`, [points, stragglers, waiting])

const cell = graphql(`
  fragment Cell on Component @_unmask { id enabled error session @include(if: $staged) status { phase status rawStatus statusOverride } }
`)

export const COMPONENTS = graphql(`
  query Components($name: String!, $tenant: String, $started: DateTime, $after: String, $staged: Boolean!) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      components(first: 1000, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node { ...Cell } } }
    }
  }
`, [cell])

export const COMPONENTS_UPDATED = graphql(`
  subscription Components($name: String!, $tenant: String, $staged: Boolean!) {
    componentsUpdated(session: $name, tenant: $tenant, minInterval: 200) { resync removed components { ...Cell } }
  }
`, [cell])

export const COMPONENT = graphql(`
  query Component($id: ID!) {
    component(id: $id) {
      id enabled error session retryPolicy statusSince
      status { phase rawPhase status rawStatus statusOverride }
      lastAction { action failed lastUpdated }
      eventStats { powerOnAttempts powerOffGracefulAttempts powerOffForcefulAttempts }
      desiredState { bootArtifacts { ...Artifacts } configuration bssToken lastUpdated }
      actualState { bootArtifacts { ...Artifacts } bssToken lastUpdated }
      stagedState { bootArtifacts { ...Artifacts } configuration session lastUpdated }
    }
  }
`, [graphql(`fragment Artifacts on BootArtifacts @_unmask { kernel kernelParameters initrd }`)])

export const ERROR_GROUPS = graphql(`
  query ErrorGroups($name: String!, $tenant: String, $started: DateTime, $first: Int!) {
    session(name: $name, tenant: $tenant, startedAt: $started) { status { errorSummary(first: $first) { message count list } } }
  }
`)

const affected = graphql(`
  fragment Affected on ComponentConnection @_unmask { pageInfo { hasNextPage endCursor } edges { node { id session status { rawStatus } } } }
`)

/** The components that have an error now. */
export const ERROR_COMPONENTS = graphql(`
  query ErrorComponents($name: String!, $tenant: String, $started: DateTime, $message: String!, $after: String) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      components(first: 100, after: $after, filter: { error: $message }) { ...Affected }
    }
  }
`, [affected])

/** Those that had it when the status was frozen; that of a group is found only with all groups before it. */
export const FROZEN_ERROR_COMPONENTS = graphql(`
  query FrozenErrorComponents($name: String!, $tenant: String, $started: DateTime, $groups: Int!, $size: Int!, $after: String) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      status { errorSummary(first: $groups) { message components(first: $size, after: $after) { ...Affected } } }
    }
  }
`, [affected])

export const FAILED = graphql(`
  query Failed($name: String!, $tenant: String, $started: DateTime, $after: String) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      failedComponents(first: 1000, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id session status { status } } } }
    }
  }
`)

export const INITIAL = graphql(`
  query Initial($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) { initialComponents }
  }
`)

export const SERVER = graphql(`query Server { serverInfo { version namespace sync { source error lastSweep } } }`)

export const RUNNING = graphql(`query Running { sessions(first: 1, filter: { status: RUNNING }) { edges { node { name tenant } } } }`)

type Found<T> = NonNullable<T>
export type ServerInfo = ResultOf<typeof SERVER>['serverInfo']
export type SessionRow = ResultOf<typeof SESSIONS>['sessions']['edges'][number]['node']
export type SessionDetails = ResultOf<typeof STATUS_UPDATED>['sessionStatusUpdated']['session']
export type SessionStatus = Omit<ResultOf<typeof STATUS_UPDATED>['sessionStatusUpdated'], 'session'>
export type ErrorGroup = SessionStatus['errorSummary'][number]
export type Progress = Found<ResultOf<typeof PROGRESS>['session']>
export type Waiting = Progress['status']['waitingFor'][number]
export type Straggler = Progress['stragglers'][number]
export type ComponentRecord = Found<ResultOf<typeof COMPONENT>['component']>
export type Cell = Found<ResultOf<typeof COMPONENTS>['session']>['components']['edges'][number]['node']
