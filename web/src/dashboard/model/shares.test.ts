import { expect, it } from 'vitest'
import { countOf, part, shares, type Counts } from './shares.ts'

const none: Counts = { managed: 0, staged: 0, successful: 0, failed: 0, complete: 0, configuring: 0, poweringOff: 0, poweringOn: 0 }

it('calls waiting what is in no other kind', () => {
  const counts = { ...none, managed: 100, successful: 60, failed: 5, poweringOn: 10, staged: 5 }
  expect(countOf(counts, 'waiting')).toBe(20)
  expect(shares(counts).map((s) => [s.kind, s.part])).toEqual([
    ['successful', 0.6], ['failed', 0.05], ['configuring', 0], ['poweringOn', 0.1], ['poweringOff', 0], ['waiting', 0.2], ['staged', 0.05],
  ])
})

it('is never overfull where components count twice', () => {
  const all = shares({ ...none, managed: 4, failed: 4, poweringOn: 4 })
  expect(all.reduce((n, s) => n + s.part, 0)).toBe(1)
  expect(all.find((s) => s.kind === 'failed')).toEqual({ kind: 'failed', count: 4, part: 0.5 })
  expect(all.find((s) => s.kind === 'waiting')!.count).toBe(0)
})

it('is empty for a session without components', () => {
  expect(shares(none).every((s) => s.part === 0 && s.count === 0)).toBe(true)
})

it('rounds to two decimals', () => {
  expect([part(1, 3), part(1, 100_000), part(0, 0)]).toEqual([33.33, 0, 0])
})
