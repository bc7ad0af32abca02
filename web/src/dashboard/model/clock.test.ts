import { expect, it } from 'vitest'
import { ServerClock } from './clock.ts'

it('is ours until it is known', () => {
  expect(new ServerClock().at(1000)).toBe(1000)
})

it('follows the answers that came quickest, of clocks before and behind ours', () => {
  const ahead = new ServerClock()
  for (const [stamped, received] of [[100_000, 40_500], [101_000, 41_020]] as const) ahead.sample(stamped, received)
  expect(ahead.at(41_020)).toBe(101_000)
  const behind = new ServerClock()
  behind.sample(0, 60_300)
  behind.sample(1_000, 61_010)
  expect(behind.at(61_010)).toBe(1_000)
})

it('forgets', () => {
  const clock = new ServerClock()
  clock.sample(90_000, 0)
  for (let i = 0; i < 50; i++) clock.sample(i, i)
  expect(clock.at(7)).toBe(7)
})
