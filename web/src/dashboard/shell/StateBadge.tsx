import { label } from '../model/format.ts'
import type { State } from '../model/filters.ts'
import { Icon } from './Icon.tsx'

/** How far a session is, in a word. `failed`: it has ended, and not all went well. */
export function StateBadge({ state, failed = false }: { state: State; failed?: boolean }) {
  const icon = failed && state === 'COMPLETE' ? 'warning' : (state.toLowerCase() as Lowercase<State>)
  return <span className="badge" data-state={state} data-failed={failed || undefined}><Icon name={icon} />{label(state)}</span>
}
