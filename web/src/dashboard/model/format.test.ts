import { describe, expect, it } from 'vitest'
import { about, duration, label, moment, percent, several, span, whole, withoutPath } from './format.ts'

describe('percent', () => {
  it.each([
    [0, 0, 0, '0 %'],
    [0, 0, 100, '0 %'],
    [78.12, 75, 96, '78.12 %'],
    [78.1, 781, 1000, '78.10 %'],
    [100, 96, 96, '100 %'],
    [0, 1, 100_000, '< 0.01 %'],
    [100, 99_999, 100_000, '> 99.99 %'],
  ])('%d of %d/%d is %s', (value, count, of, want) => expect(percent(value, count, of)).toBe(want))
})

it('begins an error with its reason', () => {
  expect(withoutPath("bos.common.clients.s3.ManifestNotFound: Unable to read 's3://a.b/c: d'")).toBe("ManifestNotFound: Unable to read 's3://a.b/c: d'")
  expect(['No nodes were found. Is it so: yes', 'no.reason', 'HTTPError: 404'].map(withoutPath)).toEqual(['No nodes were found. Is it so: yes', 'no.reason', 'HTTPError: 404'])
})

it('separates thousands', () => {
  expect([0, 999, 1000, 10_000, 1_234_567].map(whole)).toEqual(['0', '999', '1,000', '10,000', '1,234,567'])
})

it('continues past a day, and never below zero', () => {
  expect([-1, 0, 59.99, 3600, 93_784].map(duration)).toEqual(['0:00:00', '0:00:00', '0:00:59', '1:00:00', '26:03:04'])
})

it('words spans', () => {
  expect([4.4, 59.6, 720, 11_100, 360_000].map(span)).toEqual(['4 s', '1 min', '12 min', '3 h 05 min', '4 days'])
})

it('dates only what is not of today', () => {
  const now = new Date(2026, 10, 25, 3, 30)
  expect(moment(new Date(2026, 10, 25, 3, 2, 4), now)).toBe('03:02:04')
  expect(moment(new Date(2026, 10, 24, 23, 2, 4), now)).toBe('24 Nov 23:02:04')
  expect(moment(new Date(2025, 10, 25, 3, 2, 4), now)).toBe('25 Nov 2025 03:02:04')
  expect(about(new Date(2026, 10, 25, 3, 2, 4), now)).toBe('03:02')
})

it('makes labels of names and counts', () => {
  expect(label('POWER_ON_PENDING')).toBe('Power on pending')
  expect([several(1, 'component'), several(1200, 'component')]).toEqual(['1 component', '1,200 components'])
})
