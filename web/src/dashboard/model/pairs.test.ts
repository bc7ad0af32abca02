import { expect, it } from 'vitest'
import { duration } from './format.ts'
import { difference, pairs } from './pairs.ts'

it('puts what belongs together beside each other', () => {
  expect(pairs(['b', 'a'], ['a', 'c'], (x) => x)).toEqual([
    { key: 'b', a: 'b', b: null }, { key: 'a', a: 'a', b: 'a' }, { key: 'c', a: null, b: 'c' },
  ])
})

it('says by how much the first differs', () => {
  expect([difference(5, 2), difference(2, 5), difference(2, 2)]).toEqual(['+3', '−3', ''])
  expect(difference(61.2, 1, duration)).toBe('+0:01:00')
  expect(difference(1.2, 1, duration)).toBe('') // less than what is shown
})
