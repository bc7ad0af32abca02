// How a session has ended: whether that is a success.

import type { State } from './filters.ts'

interface Ended {
  readonly status: State
  readonly managedComponentsCount: number
  readonly percentFailed: number
  readonly counts: { readonly failed: number }
}

/** Whether it is complete without any component: BOS completes a session that has none left, and nothing was booted. */
export function isEmpty({ status, managedComponentsCount }: Ended): boolean {
  return status === 'COMPLETE' && managedComponentsCount === 0
}

/** Whether something went wrong. `error`: why its set-up failed. The percentage is of what BOS has saved, which may not have been counted here. */
export function hasFailed(error: string | null, status: Ended): boolean {
  return error !== null || status.counts.failed > 0 || status.percentFailed > 0 || isEmpty(status)
}
