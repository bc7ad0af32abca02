import { expect, it } from 'vitest'
import { hasFailed, isEmpty } from './outcome.ts'
import { part } from './shares.ts'

const counted = (managed: number, failed: number) => ({ managed, failed, complete: managed, successful: managed - failed, staged: 0, configuring: 0, poweringOff: 0, poweringOn: 0, active: 0 })

const ended = (managed: number, failed = 0) => ({
  status: 'COMPLETE' as const, managedComponentsCount: managed, counts: counted(managed, failed),
  percentFailed: part(failed, managed), percentSuccessful: part(managed - failed, managed),
})

it('takes no session for a success that failed, whose set-up did, or that is complete without any component', () => {
  expect([hasFailed(null, ended(3)), hasFailed(null, ended(3, 1)), hasFailed('no nodes', ended(3)), hasFailed(null, ended(0))]).toEqual([false, true, true, true])
  expect(hasFailed(null, ended(30_000, 1))).toBe(true) // which is 0.00 %
})

it('goes by what BOS has saved where something else was counted', () => {
  expect(hasFailed(null, { ...ended(3, 1), counts: counted(0, 0) })).toBe(true)
  expect(hasFailed(null, { ...ended(3), counts: counted(2, 1) })).toBe(false)
})

it('does not call a session empty before it is complete', () => {
  expect([isEmpty(ended(0)), isEmpty(ended(1)), isEmpty({ ...ended(0), status: 'PENDING' })]).toEqual([true, false, false])
  expect(hasFailed(null, { ...ended(0), status: 'RUNNING' })).toBe(false)
})
