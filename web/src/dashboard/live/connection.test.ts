import { describe, expect, it } from 'vitest'
import { begin, type Connection, type Happening, report, step, wait } from './connection.ts'

const after = (...happenings: Happening[]): Connection => happenings.reduce(step, begin(0, true))
const lost = (at: number, answered: boolean): Happening => ({ type: 'lost', at, answered })
const opened = (at: number): Happening => ({ type: 'opened', at })
const received = (at: number): Happening => ({ type: 'received', at })

describe('the way taken', () => {
  it('is a worse one when the server answers but this way fails twice', () => {
    expect(after(lost(1, true)).way).toBe('websocket')
    expect(after(lost(1, true), lost(2, true)).way).toBe('events')
    expect(after(lost(1, true), lost(2, true), lost(3, true), lost(4, true)).way).toBe('polling')
    expect(after(...[1, 2, 3, 4, 5, 6].map((at) => lost(at, true))).way).toBe('polling')
  })

  it('stays while the server is away, however long', () => {
    expect(after(...[1, 2, 3, 4, 5, 6].map((at) => lost(at, false))).way).toBe('websocket')
    expect(after(lost(1, true), lost(2, false), lost(3, true)).way).toBe('websocket')
  })

  it('stays when it has worked for a while, and changes when it is interrupted at once', () => {
    expect(after(opened(0), lost(60_000, true), opened(61_000), lost(120_000, true)).way).toBe('websocket')
    expect(after(opened(0), lost(100, true), opened(200), lost(300, true)).way).toBe('events')
  })

  it('is the better one as soon as that is found', () => {
    const c = after(lost(1, true), lost(2, true), opened(3), { type: 'found', at: 4, way: 'websocket' })
    expect([c.way, c.up]).toEqual(['websocket', false])
  })
})

it('waits longer the more often it failed, but never long', () => {
  const waits = [1, 2, 3, 10].map((n) => wait(after(...Array.from({ length: n }, (_, i) => lost(i, false))), 1))
  expect(waits).toEqual([500, 1000, 2000, 5000])
  expect(wait(after(lost(1, false)), 0)).toBe(250)
})

it('begins again with short waits once it has worked', () => {
  const c = after(...[1, 2, 3, 4].map((at) => lost(at, false)), opened(10), received(6_000), lost(7_000, false))
  expect(c.failures).toBe(1)
})

describe('what is reported', () => {
  const labelOf = (c: Connection, now: number, behind = false) => report(c, behind, now, 5).label
  it.each([
    ['Connecting', begin(0, true), 5_000],
    ['No connection', begin(0, true), 25_000],
    ['Live', after(opened(0), received(1_000)), 2_000],
    ['Silent', after(opened(0), received(1_000)), 50_000],
    ['Reconnecting', after(opened(0), lost(60_000, false)), 65_000],
    ['No connection', after(opened(0), lost(60_000, false), lost(70_000, false)), 85_000],
    ['Offline', after(opened(0), { type: 'online', at: 1, online: false }, lost(2, false)), 3],
    ['Live, by event stream', after(lost(1, true), lost(2, true), opened(3)), 4],
    ['Reconnecting', after(lost(1, true), lost(2, true), opened(3), { type: 'found', at: 60_000, way: 'websocket' }), 60_050],
    ['Polling', after(...[1, 2, 3, 4].map((at) => lost(at, true)), opened(5)), 6],
  ])('%s', (label, c, now) => expect(labelOf(c, now)).toBe(label))

  it('that the server itself may be behind', () => {
    expect(labelOf(after(opened(0)), 1, true)).toBe('May be behind')
  })
})
