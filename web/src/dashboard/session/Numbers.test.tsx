// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { EndEstimate, SessionStatus } from '../documents.ts'
import { ServerClock } from '../model/clock.ts'
import { clear, show, the } from '../testing.tsx'
import { Numbers } from './Numbers.tsx'

afterEach(clear)

const app = { clock: new ServerClock() } as App

function numbers(change: Partial<SessionStatus['counts']>, percents: Partial<SessionStatus> = {}, estimate: EndEstimate | null = null) {
  const counts = { managed: 0, staged: 0, successful: 0, failed: 0, complete: 0, configuring: 0, poweringOff: 0, poweringOn: 0, active: 0, ...change }
  const status: SessionStatus = {
    revision: 1, epoch: 'e', status: 'RUNNING', managedComponentsCount: counts.managed, percentStaged: 0, percentSuccessful: 0, percentFailed: 0, fromSnapshot: false, statusNote: null, stale: false,
    asOf: new Date().toISOString(), counts,
    phases: { percentComplete: 0, percentConfiguring: 0, percentPoweringOn: 0, percentPoweringOff: 0 },
    timing: { startTime: new Date(Date.now() - 3_725_000).toISOString(), endTime: null, durationSeconds: 3725 },
    errorGroupCount: 0, ...percents,
  }
  return show(<AppProvider app={app}><Numbers status={status} estimate={estimate} /></AppProvider>).textContent
}

it('does not round away one failure of 100,000, nor the last that is not done', () => {
  const text = numbers({ managed: 100_000, successful: 99_998, failed: 1, complete: 99_999, configuring: 1 },
    { percentSuccessful: 100, phases: { percentComplete: 100, percentConfiguring: 0, percentPoweringOn: 0, percentPoweringOff: 0 } })
  expect(text).toContain('Done> 99.99 %99,999 of 100,000')
  expect(text).toContain('Failed< 0.01 %1')
  expect(the('[role=img]').getAttribute('aria-label')).toBe('Of 100,000 nodes: 99,998 successful, 1 failed, 1 configuring')
})

it('shows what is neither done nor in a phase as waiting', () => {
  expect(numbers({ managed: 10, poweringOn: 4 })).toContain('Waiting660.00 %')
})

const at = (seconds: number) => new Date(Date.now() + 1000 * seconds).toISOString()
const estimate = (earliest: number, latest: number) => ({ earliest: at(earliest), likely: at(earliest), latest: at(latest), remaining: 0 })

it('says how long it has been running, and in which range it ends', () => {
  expect(numbers({ managed: 10 })).toContain('Running for1:02:05')
  expect(numbers({ managed: 10 })).toContain('not enough data yet')
  expect(numbers({ managed: 10 }, {}, estimate(620, 1210))).toContain('in 10 min to 20 min')
  expect(numbers({ managed: 10 }, {}, estimate(-5, 120))).toContain('in at most 2 min')
  expect(numbers({ managed: 10 }, {}, estimate(-9, -5))).toContain('any moment')
})

it('counts what is left once a few decide', () => {
  const text = numbers({ managed: 1000, active: 7 }, {}, estimate(620, 1210))
  expect(text).toContain('7 left')
  expect(text).toContain('in 10 min to 20 min')
  expect(numbers({ managed: 1000, active: 7 })).toContain('no estimate for so few')
})

it('has room for a session without components', () => {
  expect(numbers({})).toContain('Done0 %0 of 0')
  expect(the('[role=img]').getAttribute('aria-label')).toBe('No nodes')
})

it('shows the percentages that BOS saved without counts that are not behind them', () => {
  const saved = { status: 'COMPLETE' as const, managedComponentsCount: 4, percentSuccessful: 75, percentFailed: 25, phases: { percentComplete: 100, percentConfiguring: 0, percentPoweringOn: 0, percentPoweringOff: 0 } }
  for (const left of [{}, { managed: 3, successful: 3, complete: 3 }, { managed: 4, successful: 4, complete: 4 }]) {
    const text = numbers(left, saved)
    expect(text).toContain('Done100 % of 4Successful75.00 %Failed25.00 %Took')
    expect(text).toContain('The percentages are those that BOS saved.')
    expect(the('.big-failed').dataset['none']).toBeUndefined()
    expect(document.querySelector('[role=img]')).toBeNull()
  }
  expect(numbers({ managed: 4, successful: 3, failed: 1, complete: 4 }, saved)).toContain('Done100 %4 of 4Successful75.00 %3Failed25.00 %1')
})
