import { graphql, type ResultOf } from '../gql/index.ts'
import { send } from '../login/login.ts'
import { print, type ExecutionResult } from 'graphql'
import { namesIn, renew } from './samples.ts'
import { browserStorage } from './storage.ts'

const NewestSessions = graphql(`
  query NewestSessions($tenant: String) {
    booting: sessions(first: 1, filter: { status: RUNNING, operation: BOOT, tenant: $tenant }) { nodes { name } }
    running: sessions(first: 1, filter: { status: RUNNING, tenant: $tenant }) { nodes { name } }
    any: sessions(first: 1, filter: { tenant: $tenant }) { nodes { name } }
  }
`)

/** Where GraphiQL keeps its tabs. */
const KEY = 'graphiql:tabState'
const WITHIN = 2_000 // ms

/**
 * The name of a session to try the samples on: the newest boot that runs, the newest that runs, or the
 * newest; without a tenant where there is one, because the samples name none. A placeholder where there is
 * none, or no answer in time. Samples of an earlier visit get it in place of sessions that no longer exist.
 */
export async function newestSession(url: string): Promise<string> {
  try {
    const name = (await newest(url, '')) ?? (await newest(url, null)) ?? 'NAME'
    await renewSamples(url, name)
    return name
  } catch {
    return 'NAME'
  }
}

/** Of a tenant, '' for those of none; null for all that may be seen. */
async function newest(url: string, tenant: string | null): Promise<string | undefined> {
  const { booting, running, any } = await ask<ResultOf<typeof NewestSessions>>(url, print(NewestSessions), { tenant })
  return [...booting.nodes, ...running.nodes, ...any.nodes][0]?.name
}

async function renewSamples(url: string, name: string): Promise<void> {
  const storage = browserStorage()
  const stored = storage.getItem(KEY)
  const names = namesIn(stored)
  if (stored === null || names.length === 0) return
  const query = `query Known(${names.map((_, i) => `$n${i}: String!`).join(', ')}) { ${names.map((_, i) => `n${i}: session(name: $n${i}) { name }`).join(' ')} }`
  const known = await ask<Record<string, { name: string } | null>>(url, query, Object.fromEntries(names.map((n, i) => [`n${i}`, n])))
  const gone = names.filter((_, i) => known[`n${i}`] === null)
  if (gone.length > 0) storage.setItem(KEY, renew(stored, new Set(gone), name))
}

async function ask<D>(url: string, query: string, variables = {}): Promise<D> {
  const response = await send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(WITHIN),
  })
  const { data } = (await response.json()) as ExecutionResult<D>
  if (data == null) throw new Error('no answer')
  return data
}
