import { expect, it } from 'vitest'
import { drop, extend, hidden, type Listed, put, restart, type SessionList } from './list.ts'

const row = (id: string, second: number, revision = 1, epoch = 'e'): Listed & { id: string } => ({
  id, name: `name of ${id}`, tenant: null,
  status: { revision, epoch, timing: { startTime: `2026-11-25T03:00:${String(second).padStart(2, '0')}Z` } },
})
const list = (more: string | null, ...rows: Listed[]): SessionList<Listed> => restart({ rows, total: rows.length, more })
const ids = (l: SessionList<Listed>) => l.rows.map((r) => r.id).join('')

it('puts new sessions where they belong', () => {
  const l = list(null, row('c', 3), row('a', 1))
  expect(ids(put(l, row('d', 4)))).toBe('dca')
  expect(ids(put(l, row('b', 2)))).toBe('cba')
  expect(ids(put(l, row('z', 0)))).toBe('caz')
  expect(put(l, row('d', 4)).total).toBe(3)
})

it('leaves out what belongs to a page that has not been read, and has counted it already', () => {
  const l = restart({ rows: [row('c', 3), row('b', 2)], total: 3, more: 'cursor' })
  expect(put(put(l, row('a', 1)), row('a', 1, 2))).toEqual(l)
})

it('keeps the newest state of a session', () => {
  const l = list(null, row('a', 1, 5))
  expect(put(l, row('a', 1, 6)).rows[0]!.status.revision).toBe(6)
  expect(put(l, row('a', 1, 4)).rows[0]!.status.revision).toBe(5)
  expect(put(l, row('a', 1, 1, 'another epoch')).rows[0]!.status.revision).toBe(1)
})

it('drops what was removed', () => {
  const l = drop(list(null, row('b', 2), row('a', 1)), 'b')
  expect([ids(l), l.total]).toEqual(['a', 1])
})

it('adds pages, each session once', () => {
  const l = extend(list('cursor', row('c', 3), row('b', 2)), { rows: [row('b', 2), row('a', 1)], total: 3, more: null })
  expect([ids(l), l.more]).toEqual(['cba', null])
})

it('knows which name leads to a newer session', () => {
  const other = { ...row('c', 1), name: 'name of b', tenant: 'another' }
  const twice = [row('b', 2), { ...row('a', 1), name: 'name of b' }, other]
  expect([...hidden(twice)]).toEqual([twice[1]])
})
