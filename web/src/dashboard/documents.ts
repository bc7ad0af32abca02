// What the dashboard asks the API.

import { graphql, type ResultOf } from '../gql/index.ts'

const counts = graphql(`
  fragment Counts on SessionCounts @_unmask { managed staged successful failed complete configuring poweringOff poweringOn active }
`)

const status = graphql(`
  fragment Status on SessionStatus @_unmask {
    revision epoch status managedComponentsCount errorGroupCount percentStaged percentSuccessful percentFailed fromSnapshot statusNote stale asOf
    phases { percentComplete percentConfiguring percentPoweringOn percentPoweringOff }
    counts { ...Counts }
    timing { startTime endTime durationSeconds }
  }
`, [counts])

const row = graphql(`
  fragment Row on Session @_unmask {
    id name tenant operation templateName limit stage error deleted
    status { ...Status estimatedEnd { earliest likely latest } }
  }
`, [status])

export const SESSIONS = graphql(`
  query Sessions($first: Int!, $after: String, $filter: SessionFilter) {
    sessions(first: $first, after: $after, filter: $filter) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { ...Row } }
    }
  }
`, [row])

/** What runs, however many sessions are newer. */
export const RUNNING_ROWS = graphql(`
  query RunningRows($filter: SessionFilter) {
    sessions(first: 100, filter: $filter) { pageInfo { hasNextPage } nodes { ...Row } }
  }
`, [row])

/** What is pending, likewise. Two requests: what a server looks through for one is limited. */
export const PENDING = graphql(`
  query Pending($filter: SessionFilter) {
    sessions(first: 1000, filter: $filter) { pageInfo { hasNextPage } nodes { id } }
  }
`)

/** The sessions of exactly that name, of whatever age. */
export const NAMED = graphql(`
  query Named($name: String!) {
    sessions(first: 5, filter: { name: $name }) { nodes { id name tenant status { revision epoch timing { startTime } } } }
  }
`)

export const SESSIONS_UPDATED = graphql(`
  subscription SessionsUpdated($filter: SessionFilter) {
    sessionsUpdated(filter: $filter) { deletedId session { ...Row } }
  }
`, [row])

const details = graphql(`
  fragment Details on Session @_unmask { id name tenant operation templateName limit stage includeDisabled source error deleted }
`)

export const SESSION = graphql(`
  query Session($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) { ...Details status { ...Status } }
  }
`, [details, status])

export const STATUS_UPDATED = graphql(`
  subscription Status($name: String!, $tenant: String, $revision: Revision, $epoch: String) {
    sessionStatusUpdated(name: $name, tenant: $tenant, minInterval: 250, sinceRevision: $revision, sinceEpoch: $epoch) {
      ...Status session { ...Details }
    }
  }
`, [details, status])

const points = graphql(`
  fragment Points on SessionStatus @_unmask { progress(maxPoints: 200) { time counts { ...Counts } } }
`, [counts])

const stragglers = graphql(`
  fragment Stragglers on Session @_unmask { stragglers(first: 8) { id statusSince error status { phase status rawStatus } } }
`)

const waiting = graphql(`
  fragment Waiting on SessionStatus @_unmask { waitingFor { reason text count since components(first: 3) { edges { node { id } } } } }
`)

/** Error patterns are read with the progress up to this number, and made of the most frequent error texts up to the other. */
export const PATTERNS = 20
export const PATTERN_TEXTS = 1000

const errors = graphql(`
  fragment Errors on SessionStatus @_unmask {
    errorPatterns(first: 20) { pattern count variants failedBefore list } counted: errorPatterns(first: 1000) { count }
  }
`)

const durations = graphql(`
  fragment Durations on SessionStatus @_unmask { phaseDurations { phase count medianSeconds p95Seconds longestSeconds } }
`)

const cabinets = graphql(`
  fragment Cabinets on SessionStatus @_unmask { byCabinet { cabinet counts { ...Counts } } }
`, [counts])

const estimate = graphql(`
  fragment Estimate on SessionStatus @_unmask { estimatedEnd { earliest likely latest remaining } }
`)

export const PROGRESS = graphql(`
  query Progress($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      id ...Stragglers status { ...Estimate ...Points ...Waiting ...Errors ...Durations ...Cabinets }
      previous(first: 1) { name tenant status { ...Points ...Durations timing { startTime endTime durationSeconds } } }
    }
  }
`, [points, stragglers, waiting, errors, durations, cabinets, estimate])

export const PROGRESS_UPDATED = graphql(`
  subscription Progress($name: String!, $tenant: String) {
    sessionStatusUpdated(name: $name, tenant: $tenant, minInterval: 5000) {
      ...Estimate ...Points ...Waiting ...Errors ...Durations ...Cabinets session { id ...Stragglers }
    }
  }
`, [points, stragglers, waiting, errors, durations, cabinets, estimate])

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

/** Those of a session that has ended, as they were then. */
export const FINAL_COMPONENTS = graphql(`
  query FinalComponents($name: String!, $tenant: String, $started: DateTime, $after: String, $staged: Boolean!) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      components: componentsAsOf(at: END, first: 1000, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node { ...Cell } } }
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
      countsIn { id name tenant operation templateName status { status timing { startTime } } }
    }
  }
`, [graphql(`fragment Artifacts on BootArtifacts @_unmask { kernel kernelParameters initrd }`)])

/** What an error pattern is made of; that of a pattern is found only with all patterns before it. */
export const ERROR_PATTERN = graphql(`
  query ErrorPattern($name: String!, $tenant: String, $started: DateTime, $patterns: Int!, $messages: Int!) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      status { errorPatterns(first: $patterns) { pattern messages(first: $messages) { message count } } }
    }
  }
`)

/** More patterns than are read with the progress. */
export const ERROR_PATTERNS = graphql(`
  query ErrorPatterns($name: String!, $tenant: String, $started: DateTime, $first: Int!) {
    session(name: $name, tenant: $tenant, startedAt: $started) { status { errorPatterns(first: $first) { pattern count variants failedBefore list } } }
  }
`)

/** Who has failed, and who of them in the session before, too. */
export const FAILED_NODES = graphql(`
  query FailedNodes($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      failedComponents(first: 100) { edges { failedBefore node { id error } } }
    }
  }
`)

export const FAILED = graphql(`
  query Failed($name: String!, $tenant: String, $started: DateTime, $after: String) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      failedComponents(first: 1000, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id } } }
    }
  }
`)

export const INITIAL = graphql(`
  query Initial($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) { initialComponents }
  }
`)

export const SERVER = graphql(`query Server { serverInfo { version namespace sync { source error lastSweep } } }`)

export const RUNNING = graphql(`query Running { sessions(first: 20, filter: { status: RUNNING }) { nodes { name tenant deleted } } }`)

const compared = graphql(`
  fragment Compared on Session @_unmask {
    id name tenant operation templateName limit error
    status { ...Status ...Errors ...Durations ...Cabinets }
  }
`, [status, errors, durations, cabinets])

export const COMPARE = graphql(`
  query Compare($name: String!, $tenant: String, $started: DateTime) {
    session(name: $name, tenant: $tenant, startedAt: $started) {
      ...Compared previous(first: 10) { id name tenant status { managedComponentsCount percentSuccessful percentFailed timing { startTime durationSeconds } counts { ...Counts } } }
    }
  }
`, [compared, counts])

export const COMPONENT_SESSIONS = graphql(`
  query ComponentSessions($id: ID!) {
    component(id: $id) {
      sessions(first: 50) {
        pageInfo { hasNextPage }
        edges { node { name tenant joined left outcome error phases { phase seconds } session { id operation templateName status { timing { startTime } } } } }
      }
    }
  }
`)

export const TROUBLED = graphql(`
  query Troubled($first: Int!, $since: DateTime, $template: String) {
    troubledComponents(first: $first, since: $since, template: $template) { id failures sessions lastError lastFailure }
  }
`)

/** What the list can be filtered by. */
export const NAMES = graphql(`query Names { templates(first: 1000) tenants(first: 1000) }`)

type Found<T> = NonNullable<T>
export type ServerInfo = ResultOf<typeof SERVER>['serverInfo']
export type SessionRow = ResultOf<typeof SESSIONS>['sessions']['edges'][number]['node']
export type SessionDetails = ResultOf<typeof STATUS_UPDATED>['sessionStatusUpdated']['session']
export type SessionStatus = Omit<ResultOf<typeof STATUS_UPDATED>['sessionStatusUpdated'], 'session'>
export type Progress = Found<ResultOf<typeof PROGRESS>['session']>
export type Waiting = Progress['status']['waitingFor'][number]
export type ErrorPattern = Progress['status']['errorPatterns'][number]
export type PhaseDuration = Progress['status']['phaseDurations'][number]
export type Cabinet = Progress['status']['byCabinet'][number]
export type EndEstimate = Found<Progress['status']['estimatedEnd']>
export type Compared = Found<ResultOf<typeof COMPARE>['session']>
export type ComponentSession = Found<ResultOf<typeof COMPONENT_SESSIONS>['component']>['sessions']['edges'][number]['node']
export type Straggler = Progress['stragglers'][number]
export type ComponentRecord = Found<ResultOf<typeof COMPONENT>['component']>
export type Cell = Found<ResultOf<typeof COMPONENTS>['session']>['components']['edges'][number]['node']
