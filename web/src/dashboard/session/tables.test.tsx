// @vitest-environment happy-dom
import { type ReactNode } from 'react'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { Cabinet, Progress, Straggler } from '../documents.ts'
import { ServerClock } from '../model/clock.ts'
import { clear, show, the } from '../testing.tsx'
import { CabinetsSection } from './CabinetsSection.tsx'
import { DurationsSection } from './DurationsSection.tsx'
import { StragglersSection } from './StragglersSection.tsx'

afterEach(clear)

const counts = { managed: 1, complete: 1, successful: 1, failed: 0, inPhase: { poweringOn: 0, poweringOff: 0, configuring: 0 } }
const cabinet = { cabinet: 'x1000', counts } as unknown as Cabinet
const progress = { previous: [], status: { phaseDurations: [{ phase: 'CONFIGURING', count: 1, medianSeconds: 1, p95Seconds: 1, longestSeconds: 1 }] } } as unknown as Progress
const straggler = { id: 'x1000c0s0b0n0', statusSince: null, status: { status: 'OTHER', rawStatus: 'odd' } } as unknown as Straggler

it.each<[string, ReactNode]>([
  ['Progress by cabinet', <CabinetsSection cabinets={[cabinet]} lit={null} onLight={() => {}} />],
  ['Durations of phases', <DurationsSection which={{ name: 's', tenant: null, started: null }} progress={progress} />],
  ['Nodes by time in their status', <StragglersSection stragglers={[straggler]} onSelect={() => {}} />],
])('a table that is wider than its window scrolls within its card, by the keyboard, too: %s', (name, section) => {
  show(<AppProvider app={{ clock: new ServerClock() } as unknown as App}>{section}</AppProvider>)
  const scroller = the('table').closest('.scroller')
  expect([scroller?.getAttribute('aria-label'), scroller?.getAttribute('tabindex')]).toEqual([name, '0'])
})
