// @vitest-environment happy-dom
import { HistoryStore, StorageAPI } from '@graphiql/toolkit'
import { beforeEach, expect, test } from 'vitest'
import { withoutHeaders } from './storage.ts'

beforeEach(() => localStorage.clear())

test('the history keeps queries, and no header of them', () => {
  const history = new HistoryStore(new StorageAPI(withoutHeaders(localStorage)), 20)
  const asked = { query: '{ __typename }', variables: '{"headers": "mine"}', headers: '{"Authorization": "Bearer secret"}' }
  history.updateHistory(asked)
  history.toggleFavorite(asked)
  history.updateHistory({ ...asked, query: '{ other: __typename }' })
  const stored = JSON.stringify({ ...localStorage })
  expect(stored).not.toContain('secret')
  const again = new HistoryStore(new StorageAPI(withoutHeaders(localStorage)), 20)
  expect(again.queries.map(({ query, variables }) => [query, variables])).toEqual(
    ['{ other: __typename }', '{ __typename }'].map((query) => [query, asked.variables]))
})
