import { expect, it } from 'vitest'
import { fewLeft } from './estimate.ts'

it('counts what is left when that is few', () => {
  expect(fewLeft(10, 1000)).toBe(true)
  expect(fewLeft(2000, 100_000)).toBe(true)
  expect(fewLeft(2001, 100_000)).toBe(false)
  expect(fewLeft(11, 400)).toBe(false)
  expect(fewLeft(0, 400)).toBe(false)
})

it('keeps to times while a small session has just begun', () => {
  expect(fewLeft(8, 8)).toBe(false)
  expect(fewLeft(1, 8)).toBe(true)
})
