// Who is logged in. The token is in a cookie that scripts cannot read: the page asks the
// server whose it is, and asks again when the server refuses something.

import { basePath } from '../base.ts'
import { createStore, type Readable } from '../dashboard/live/store.ts'

/** Somebody who is logged in. */
export interface Person {
  readonly name: string
  readonly roles: readonly string[]
  readonly tenants: readonly string[]
  /** Sees only those tenants, one at a time. */
  readonly limited: boolean
  /** May see anything at all. */
  readonly reads: boolean
  /** How long the token is valid still; 0: it has no end. */
  readonly seconds: number
  /** Has logged in here, and not at a proxy in front of the server. */
  readonly cookie: boolean
  /** The identity provider can be asked for another token. */
  readonly renews: boolean
}

export type Login =
  /** Access control is off: nobody logs in. */
  | { readonly phase: 'open' }
  /** The server has been asked, and has not answered yet. */
  | { readonly phase: 'asking' }
  | { readonly phase: 'out'; readonly provider: boolean; readonly message: string }
  | { readonly phase: 'in'; readonly who: Person; readonly tenant: string | null }

interface About {
  readonly who: Person | null
  readonly provider: boolean
  readonly message: string
}

const TENANT_HEADER = 'Cray-Tenant-Name'
const TENANT_KEY = 'bosgraph.tenant'
const ASK_AGAIN = 2_000 // ms
const ANSWER_WITHIN = 10_000
/** Another token is asked for so long before the present one ends: milliseconds. */
const AHEAD = 15_000
/** A token that is valid for less is not renewed: the page would do nothing else. Seconds. */
const WORTH_RENEWING = 60
const LONGEST_TIMER = 2 ** 31 - 1

/** Why the server has sent the browser back without a login: its parameter "login". */
const REASONS: Record<string, string> = {
  failed: 'Logging in was not completed. Try again.',
  refused: 'You have logged in at the identity provider, but what it says of you is not accepted here. Ask an administrator.',
  expired: 'Logging in took too long, or was interrupted. Try again.',
  ended: 'Your login has ended. Log in again.',
}

const needed = document.querySelector('base')?.dataset['login'] !== undefined
const state = createStore<Login>(needed ? { phase: 'asking' } : { phase: 'open' })
export const login: Readable<Login> = state

// Pages of one browser share a login: what one does, the others see at once.
const others = needed && 'BroadcastChannel' in window ? new BroadcastChannel(`bosgraph.login ${basePath}`) : null
let reason = ''
let asking: Promise<void> | null = null
/** How often somebody has logged in or out here: an answer that was asked for before the last time is out of date. */
let changes = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Asks who is logged in, if anybody has to be. */
export function startLogin(): void {
  if (!needed) return
  const url = new URL(location.href)
  reason = url.searchParams.get('login') ?? ''
  if (reason !== '') {
    url.searchParams.delete('login')
    history.replaceState(history.state, '', url)
  }
  others?.addEventListener('message', () => {
    changed()
    void recheck()
  })
  void recheck()
}

/** Asks again: something was refused, or another page has logged in or out. */
export function recheck(): Promise<void> {
  if (!needed) return Promise.resolve()
  if (asking !== null) return asking
  const asked = whoami().finally(() => {
    if (asking === asked) asking = null
  })
  return (asking = asked)
}

// A server that ends a login closes its connections first. The page then asks who is logged in
// while its cookie still holds, and may get the answer after that to its logging out.
function changed(): void {
  changes++
  asking = null
}

async function whoami(): Promise<void> {
  const before = changes
  try {
    const response = await fetch(address('whoami'), { signal: AbortSignal.timeout(ANSWER_WITHIN) })
    const about = response.ok ? ((await response.json()) as About) : null
    if (before !== changes) return
    if (about !== null) return take(about)
  } catch {
    // No answer: what was known before holds until there is one.
  }
  if (state.get().phase === 'asking') setTimeout(() => void recheck(), ASK_AGAIN)
}

function take(about: About): void {
  clearTimeout(timer)
  if (about.who === null) {
    state.set({ phase: 'out', provider: about.provider, message: REASONS[reason] ?? (about.message || unexplained()) })
    return
  }
  state.set({ phase: 'in', who: about.who, tenant: tenantOf(about.who) })
  const { seconds, renews } = about.who
  if (seconds === 0) return
  const early = renews && reason !== 'ended' && seconds > WORTH_RENEWING
  const left = seconds * 1000 + (early ? -AHEAD - Math.random() * AHEAD : 500)
  timer = setTimeout(() => void (early ? renew(Date.now() + AHEAD) : recheck()), Math.min(left, LONGEST_TIMER))
}

/** What to say where the server does not: browsers drop the cookie by themselves when its token ends. */
function unexplained(): string {
  const before = state.get()
  return before.phase === 'in' ? REASONS['ended']! : before.phase === 'out' ? before.message : ''
}

/** Gets another token from the provider, unless another page already has. */
async function renew(before: number): Promise<void> {
  await recheck()
  const now = state.get()
  if (now.phase !== 'in' || Date.now() + now.who.seconds * 1000 > before + 2 * AHEAD) return
  await logInAtProvider(true).catch(() => {}) // once the token has ended, the page says so
}

/** Logs in by a token; the answer is what is wrong with it, or empty. */
export async function logInByToken(token: string): Promise<string> {
  const about = await post<About>('token', { token })
  if (typeof about === 'string') return about
  reason = ''
  changed()
  take(about)
  others?.postMessage('in')
  return ''
}

/** Goes to the identity provider, which sends the browser back to where it is now; the answer is why that is not possible. */
export async function logInAtProvider(silent = false): Promise<string> {
  const back = location.href.slice(new URL(basePath, location.href).href.length)
  const answer = await post<{ location: string }>('start', { return: back, silent })
  if (typeof answer === 'string') return answer
  location.assign(answer.location)
  return ''
}

export async function logOut(): Promise<void> {
  const about = await post<About>('logout', {})
  if (typeof about === 'string') return
  reason = ''
  changed()
  forgetQueries()
  take({ ...about, message: 'You have logged out.' })
  others?.postMessage('out')
}

/** Removes what the playground keeps in this browser: the next person need not see what was asked. */
function forgetQueries(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith('graphiql:')) localStorage.removeItem(key)
  } catch {
    // No storage.
  }
}

/** Shows one of the tenants of who is logged in. */
export function chooseTenant(tenant: string): void {
  const now = state.get()
  if (now.phase !== 'in') return
  try {
    sessionStorage.setItem(TENANT_KEY, tenant)
  } catch {
    // No storage: chosen until the page is loaded again.
  }
  state.set({ ...now, tenant })
}

/** The tenant that somebody sees; null: all of them, or one that is still to be chosen. */
function tenantOf(who: Person): string | null {
  if (!who.limited) return null
  if (who.tenants.length === 1) return who.tenants[0]!
  const now = state.get()
  let chosen = now.phase === 'in' ? now.tenant : null
  try {
    chosen ??= sessionStorage.getItem(TENANT_KEY)
  } catch {
    // No storage.
  }
  return chosen !== null && who.tenants.includes(chosen) ? chosen : null
}

/** What a request has to say besides its cookie: for which tenant it is. */
export function credentials(): Record<string, string> {
  const now = state.get()
  return now.phase === 'in' && now.tenant !== null ? { [TENANT_HEADER]: now.tenant } : {}
}

/** Sends a request of who is logged in, and notices when nobody is any more. */
export async function send(url: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(credentials())) if (!headers.has(name)) headers.set(name, value)
  const response = await fetch(url, { ...init, headers })
  if (response.status === 401 || response.status === 403) void recheck() // 403: perhaps the tenant is theirs no longer
  return response
}

/** The code that a WebSocket is closed with whose token has ended. */
export const FORBIDDEN = 4403

async function post<T>(path: string, body: object): Promise<T | string> {
  try {
    const response = await fetch(address(path), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    })
    const answer = (await response.json()) as T & { message?: string }
    if (response.ok) return answer
    return sentence(answer.message ?? 'The server has refused this.')
  } catch {
    return 'The server does not answer. Try again.'
  }
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

const address = (path: string) => new URL(`auth/${path}`, document.baseURI).href
