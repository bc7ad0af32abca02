// How a session has ended: whether that is a success.

import type { State } from './filters.ts'
import { failures, type Shared } from './shares.ts'

interface Ended extends Shared {
  readonly status: State
}

/** Whether it is complete without any component: BOS completes a session that has none left, and nothing was booted. */
export function isEmpty({ status, managedComponentsCount }: Ended): boolean {
  return status === 'COMPLETE' && managedComponentsCount === 0
}

/** Whether something went wrong. `error`: why its set-up failed. */
export function hasFailed(error: string | null, status: Ended): boolean {
  return error !== null || failures(status) > 0 || isEmpty(status)
}
