import { expect, it } from 'vitest'
import { hasFailed, isEmpty } from './outcome.ts'

const ended = (managed: number, failed = 0, percentFailed = 0) => ({ status: 'COMPLETE' as const, managedComponentsCount: managed, percentFailed, counts: { failed } })

it('takes no session for a success that failed, whose set-up did, or that is complete without any component', () => {
  expect([hasFailed(null, ended(3)), hasFailed(null, ended(3, 1)), hasFailed('no nodes', ended(3)), hasFailed(null, ended(0))]).toEqual([false, true, true, true])
  expect(hasFailed(null, ended(3, 0, 33.33))).toBe(true) // BOS has saved it; nothing was counted here
})

it('does not call a session empty before it is complete', () => {
  expect([isEmpty(ended(0)), isEmpty(ended(1)), isEmpty({ ...ended(0), status: 'PENDING' })]).toEqual([true, false, false])
  expect(hasFailed(null, { ...ended(0), status: 'RUNNING' })).toBe(false)
})
