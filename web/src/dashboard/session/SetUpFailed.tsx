import type { SessionDetails, SessionStatus } from '../documents.ts'
import { duration, moment } from '../model/format.ts'
import { Icon } from '../shell/Icon.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'

/** Why the set-up failed. Without components there is nothing else to show. */
export function SetUpFailed({ reason, session, status }: { reason: string; session: SessionDetails; status: SessionStatus }) {
  const { startTime, durationSeconds } = status.timing
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>The set-up of this session failed.</strong> <CopyButton text={reason} label="Copy the reason" />
        <pre tabIndex={0} role="region" aria-label="Reason">{reason}</pre>
        {status.managedComponentsCount === 0 && (
          <p className="muted">
            It had no nodes yet{session.limit !== '' && <>: its limit was <code className="breaks">{session.limit}</code></>}.
            Started <time dateTime={startTime} title={startTime}>{moment(new Date(startTime), new Date())}</time>, ended after {duration(durationSeconds)}.
          </p>
        )}
      </div>
    </div>
  )
}
