import { expect, it } from 'vitest'
import { before, beginLooks, look, merge, newsOf, newsWords, notice, readLooks, type Seen } from './looks.ts'

const HOUR = 3_600_000
const session = (id: string, started: number, change: Partial<Seen> = {}): Seen => ({ id, started, state: 'RUNNING', failed: 0, managed: 10, ...change })
const news = (looks: ReturnType<typeof beginLooks>, now: Seen) => newsOf(before(looks, now), now)

it('says what has happened since a look', () => {
  const a = session('a', 100, { failed: 2 })
  const looks = look(beginLooks(0), [a], 200)
  expect(news(looks, a)).toBeNull()
  expect(news(looks, { ...a, failed: 5, managed: 8, state: 'COMPLETE' })).toEqual({ failed: 3, complete: true, takenOver: 2 })
  expect(news(looks, { ...a, failed: 0, managed: 12 })).toBeNull() // repaired, and more set up: nothing to look into
  expect(before(looks, a)?.at).toBe(200)
})

it('finds all new in a session that has started since, and nothing in an older one', () => {
  const looks = beginLooks(1000)
  expect(news(looks, session('new', 1001, { failed: 1 }))).toEqual({ failed: 1, complete: false, takenOver: 0 })
  expect(news(looks, session('old', 999, { failed: 1 }))).toBeNull()
})

it('notices older sessions when they are first listed', () => {
  const old = session('old', 999, { failed: 1 })
  const looks = notice(beginLooks(1000), [old, session('new', 1001)], 2000)
  expect(Object.keys(looks.seen)).toEqual(['old'])
  expect(news(looks, { ...old, failed: 2 })).toEqual({ failed: 1, complete: false, takenOver: 0 })
})

it('stays the same object while there is nothing to remember', () => {
  const looks = look(beginLooks(0), [session('a', 1)], 2)
  expect(look(looks, [session('a', 1)], 3)).toBe(looks)
  expect(notice(looks, [session('a', 1, { failed: 3 })], 3)).toBe(looks)
})

it('forgets sessions of long ago without showing them as new', () => {
  const old = session('old', 1)
  let looks = look(beginLooks(0), [old], 2)
  const later = 31 * 24 * HOUR
  looks = look(looks, [session('a', later)], later)
  expect(Object.keys(looks.seen)).toEqual(['a'])
  expect(news(looks, { ...old, failed: 9 })).toBeNull()
})

it('remembers 500, the newest', () => {
  let looks = look(beginLooks(0), Array.from({ length: 501 }, (_, i) => session(`${i}`, 1 + i)), 1000)
  expect(Object.keys(looks.seen).length).toBe(500)
  expect(looks.seen['0']).toBeUndefined()
  expect(news(looks, session('0', 1, { failed: 9 }))).toBeNull()
  looks = look(looks, [session('500', 501, { failed: 1 })], 1001)
  expect(looks.seen['500']?.failed).toBe(1)
})

it('reads what it has written, and nothing else', () => {
  const looks = look(beginLooks(0), [session('a', 1)], 2)
  expect(readLooks(JSON.stringify(looks))).toEqual(looks)
  for (const text of [null, '', '{', '1', '{"since":"x"}', '{"since":1,"seen":null}']) expect(readLooks(text)).toBeNull()
})

it('puts failures first', () => {
  expect(newsWords({ failed: 3, complete: true, takenOver: 1 })).toEqual(['3 failed', '1 taken over', 'complete'])
})

it('keeps of two memories what was seen last', () => {
  const [a, b] = [session('a', 1), session('b', 2)]
  const one = look(look(beginLooks(5), [a, b], 10), [{ ...a, failed: 2 }], 30)
  const other = look(look(beginLooks(0), [a, b], 10), [{ ...b, state: 'COMPLETE' }], 20)
  const both = { since: 5, seen: { a: one.seen['a'], b: other.seen['b'] } }
  expect([merge(one, other), merge(other, one)]).toEqual([both, both])
})
