// Which sessions the list shows, in an address and towards the API.

export const STATES = ['PENDING', 'RUNNING', 'COMPLETE'] as const
export const OPERATIONS = ['BOOT', 'REBOOT', 'SHUTDOWN'] as const
export type State = (typeof STATES)[number]
type Operation = (typeof OPERATIONS)[number]

/** How the list is ordered; what the API sends is newest first, and the rest is done with what has been read. */
export const ORDERS = ['newest', 'failed', 'longest'] as const
export type Order = (typeof ORDERS)[number]
export const ORDER_WORDS: Record<Order, string> = { newest: 'Newest first', failed: 'Most failed first', longest: 'Longest first' }

export interface Filters {
  readonly state: State | null
  readonly operation: Operation | null
  /** The whole name of the template; empty for any. */
  readonly template: string
  /** Null for any; empty for sessions of no tenant. */
  readonly tenant: string | null
  /** What the row has to contain; looked for here, as the API compares whole names. */
  readonly text: string
  /** Only sessions with failures. */
  readonly failures: boolean
  /** Started on these days or between them, as YYYY-MM-DD on the reader's clock; empty for any. */
  readonly from: string
  readonly to: string
  readonly order: Order
}

export const NO_FILTERS: Filters = { state: null, operation: null, template: '', tenant: null, text: '', failures: false, from: '', to: '', order: 'newest' }

export function readFilters(query: URLSearchParams): Filters {
  return {
    state: oneOf(STATES, query.get('state')),
    operation: oneOf(OPERATIONS, query.get('operation')),
    template: query.get('template') ?? '',
    tenant: query.get('tenant'),
    text: query.get('text') ?? '',
    failures: query.has('failures'),
    from: day(query.get('from')),
    to: day(query.get('to')),
    order: ORDERS.find((order) => order === query.get('order')) ?? 'newest',
  }
}

export function writeFilters(filters: Filters, query: URLSearchParams): void {
  if (filters.state !== null) query.set('state', filters.state.toLowerCase())
  if (filters.operation !== null) query.set('operation', filters.operation.toLowerCase())
  if (filters.template !== '') query.set('template', filters.template)
  if (filters.tenant !== null) query.set('tenant', filters.tenant)
  if (filters.text !== '') query.set('text', filters.text)
  if (filters.failures) query.set('failures', '1')
  if (filters.from !== '') query.set('from', filters.from)
  if (filters.to !== '') query.set('to', filters.to)
  if (filters.order !== 'newest') query.set('order', filters.order)
}

export function isFiltered(filters: Filters): boolean {
  const { state, operation, template, tenant, text, failures, from, to } = filters
  return state !== null || operation !== null || tenant !== null || failures || [template, text, from, to].some((value) => value !== '')
}

/** What the API is asked for; text is not among it. */
export function apiFilter(filters: Filters) {
  return {
    ...(filters.state !== null && { status: filters.state }),
    ...(filters.operation !== null && { operation: filters.operation }),
    ...(filters.template !== '' && { templateName: filters.template }),
    ...(filters.tenant !== null && { tenant: filters.tenant }),
    ...(filters.failures && { withFailures: true }),
    ...(filters.from !== '' && { startedAfter: midnight(filters.from, 0) }),
    ...(filters.to !== '' && { startedBefore: midnight(filters.to, 1) }),
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

/** The moment at which a day begins on the reader's clock, or one so many days later. */
function midnight(day: string, later: number): string {
  const [year, month, date] = day.split('-').map(Number)
  return new Date(year!, month! - 1, date! + later).toISOString()
}

/** A day as it is written in an address; empty for anything else. */
function day(value: string | null): string {
  return value !== null && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : ''
}
