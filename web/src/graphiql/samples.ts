// The samples that GraphiQL keeps in this browser, from one visit to the next.

import { parse } from 'graphql'
import { examples } from './examples.ts'

interface Tab {
  readonly operationName: string | null
  readonly variables: string | null
}

const samples = new Set(examples.filter(({ takesName }) => takesName).map(({ query }) => operationIn(query)))

/** The names of sessions in the samples that are kept; `stored` is what GraphiQL stores of its tabs. */
export function namesIn(stored: string | null): string[] {
  return [...new Set(read(stored).flatMap((tab) => nameOf(tab) ?? []))]
}

/** What is stored, with another session in place of those that no longer exist. */
export function renew(stored: string, gone: ReadonlySet<string>, name: string): string {
  const state = JSON.parse(stored) as { tabs: Tab[] }
  const tabs = state.tabs.map((tab) => {
    const old = nameOf(tab)
    return old === null || !gone.has(old) ? tab : { ...tab, variables: JSON.stringify({ ...(JSON.parse(tab.variables!) as object), name }, null, 2) }
  })
  return JSON.stringify({ ...state, tabs })
}

function read(stored: string | null): Tab[] {
  try {
    const { tabs } = JSON.parse(stored ?? '{}') as { tabs?: Tab[] }
    return Array.isArray(tabs) ? tabs : []
  } catch {
    return []
  }
}

/** The session that a sample is about; null for other tabs, and where there is none. */
function nameOf({ operationName, variables }: Tab): string | null {
  if (operationName === null || !samples.has(operationName)) return null
  try {
    const { name } = JSON.parse(variables ?? '{}') as { name?: unknown }
    return typeof name === 'string' ? name : null
  } catch {
    return null // being edited
  }
}

function operationIn(query: string): string | undefined {
  const [first] = parse(query).definitions
  return first?.kind === 'OperationDefinition' ? first.name?.value : undefined
}
