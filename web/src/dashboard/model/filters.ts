// Which sessions the list shows, in an address and towards the API.

export const STATES = ['PENDING', 'RUNNING', 'COMPLETE'] as const
export const OPERATIONS = ['BOOT', 'REBOOT', 'SHUTDOWN'] as const
export type State = (typeof STATES)[number]
export type Operation = (typeof OPERATIONS)[number]

export interface Filters {
  readonly state: State | null
  readonly operation: Operation | null
  /** The whole name of the template; empty for any. */
  readonly template: string
  /** Null for any; empty for sessions of no tenant. */
  readonly tenant: string | null
  /** What the row has to contain; looked for here, as the API compares whole names. */
  readonly text: string
}

export const NO_FILTERS: Filters = { state: null, operation: null, template: '', tenant: null, text: '' }

export function readFilters(query: URLSearchParams): Filters {
  return {
    state: oneOf(STATES, query.get('state')),
    operation: oneOf(OPERATIONS, query.get('operation')),
    template: query.get('template') ?? '',
    tenant: query.get('tenant'),
    text: query.get('text') ?? '',
  }
}

export function writeFilters(filters: Filters, query: URLSearchParams): void {
  if (filters.state !== null) query.set('state', filters.state.toLowerCase())
  if (filters.operation !== null) query.set('operation', filters.operation.toLowerCase())
  if (filters.template !== '') query.set('template', filters.template)
  if (filters.tenant !== null) query.set('tenant', filters.tenant)
  if (filters.text !== '') query.set('text', filters.text)
}

export function isFiltered(filters: Filters): boolean {
  return filters.state !== null || filters.operation !== null || filters.template !== '' || filters.tenant !== null || filters.text !== ''
}

/** What the API is asked for; text is not among it. */
export function apiFilter(filters: Filters) {
  return {
    ...(filters.state !== null && { status: filters.state }),
    ...(filters.operation !== null && { operation: filters.operation }),
    ...(filters.template !== '' && { templateName: filters.template }),
    ...(filters.tenant !== null && { tenant: filters.tenant }),
  }
}

interface Named {
  readonly name: string
  readonly tenant: string | null
  readonly templateName: string
  readonly limit: string
  readonly operation: string
}

/** Whether the session's row contains every word of the text. */
export function matches(session: Named, text: string): boolean {
  const row = [session.name, session.tenant ?? '', session.templateName, session.limit, session.operation].join(' ').toLowerCase()
  return text.toLowerCase().split(/\s+/).every((word) => row.includes(word))
}

/** Whether a text can be meant as the xname of one component. */
export function looksLikeXname(text: string): boolean {
  return /^x\d+c\d+[a-z]\d+b\d+n\d+$/i.test(text.trim())
}

function oneOf<T extends string>(values: readonly T[], value: string | null): T | null {
  const upper = value?.toUpperCase()
  return values.find((v) => v === upper) ?? null
}
