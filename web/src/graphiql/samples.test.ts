import { expect, test } from 'vitest'
import { namesIn, renew } from './samples.ts'

const stored = JSON.stringify({
  activeTabIndex: 1,
  tabs: [
    { operationName: 'Progress', variables: '{"name": "old", "x": 1}' },
    { operationName: 'Why', variables: '{"name": "here"}' },
    { operationName: 'Mine', variables: '{"name": "old"}' },
    { operationName: 'ErrorGroups', variables: '{"name": ' },
    { operationName: null, variables: null },
  ],
})

test('samples name sessions; what somebody wrote is theirs', () => {
  expect(namesIn(stored)).toEqual(['old', 'here'])
  for (const nothing of [null, '', '{', '{}', '{"tabs": 1}']) expect(namesIn(nothing)).toEqual([])
})

test('a session that no longer exists is replaced, and nothing else', () => {
  const { tabs, activeTabIndex } = JSON.parse(renew(stored, new Set(['old']), 'new')) as { tabs: { variables: string }[]; activeTabIndex: number }
  expect(activeTabIndex).toBe(1)
  expect(JSON.parse(tabs[0]!.variables)).toEqual({ name: 'new', x: 1 })
  expect(tabs.slice(1)).toEqual((JSON.parse(stored) as { tabs: unknown[] }).tabs.slice(1))
})
