import { expect, it } from 'vitest'
import { byBehind, isBehind } from './behind.ts'

const place = (cabinet: string, complete: number, failed = 0, managed = 100) => ({ cabinet, counts: { managed, complete, failed, active: managed - complete } })

it('has those that are furthest behind first', () => {
  const names = byBehind([place('done', 100), place('failed', 50, 9), place('slow', 20), place('half', 50), place('none', 0, 0, 0)]).map(({ cabinet }) => cabinet)
  expect(names).toEqual(['slow', 'failed', 'half', 'done', 'none'])
})

it('says which is clearly behind', () => {
  const all = [place('a', 90), place('b', 90), place('c', 60)]
  expect(all.map((one) => isBehind(one, all))).toEqual([false, false, true])
  expect(isBehind(place('alone', 1), [place('alone', 1)])).toBe(false)
  const even = [place('a', 10), place('b', 12)]
  expect(even.some((one) => isBehind(one, even))).toBe(false)
})
