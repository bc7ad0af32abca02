import type { SessionStatus } from '../documents.ts'
import { label } from '../model/format.ts'
import { hasFailed } from '../model/outcome.ts'
import { Icon } from './Icon.tsx'

/** How far a session is, in a word, and whether something went wrong. */
export function StateBadge({ session, status }: { session: { readonly error: string | null }; status: SessionStatus }) {
  const { status: state } = status
  const failed = hasFailed(session.error, status)
  const icon = failed && state === 'COMPLETE' ? 'warning' : (state.toLowerCase() as Lowercase<typeof state>)
  return <span className="badge" data-state={state} data-failed={failed || undefined}><Icon name={icon} />{label(state)}</span>
}
