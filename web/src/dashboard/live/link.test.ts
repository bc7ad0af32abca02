// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Channel, Request, Sink, Watcher } from './channel.ts'
import { report } from './connection.ts'
import { type Feed, Link, type Ways } from './link.ts'

class FakeChannel implements Channel {
  readonly subscriptions: { request: Request; sink: Sink }[] = []
  closed = false
  constructor(readonly way: string, readonly watcher: Watcher) {}
  subscribe(request: Request, sink: Sink) {
    const subscription = { request, sink }
    this.subscriptions.push(subscription)
    return () => void this.subscriptions.splice(this.subscriptions.indexOf(subscription), 1)
  }
  close() {
    this.closed = true
  }
}

let channels: FakeChannel[]
let answering: boolean
let passable: boolean
let link: Link
let stop: () => void
const channel = () => channels.at(-1)!

beforeEach(() => {
  vi.useFakeTimers()
  channels = []
  answering = true
  passable = false
  const open = (way: string) => (watcher: Watcher) => {
    channels.push(new FakeChannel(way, watcher))
    return channel()
  }
  const ways: Ways = { websocket: open('websocket'), events: open('events'), ask: async () => answering, probe: async () => passable }
  link = new Link(ways)
  stop = link.start()
})

afterEach(() => {
  stop()
  vi.useRealTimers()
})

interface Recorded extends Feed {
  readonly taken: unknown[]
  reads: number
}

function feed(more: Partial<Feed> = {}): Recorded {
  const recorded: Recorded = {
    taken: [],
    reads: 0,
    request: () => ({ query: 'q', variables: { since: recorded.taken.length } }),
    take: (data) => void recorded.taken.push(data),
    read: async () => void recorded.reads++,
    readsFirst: false,
    every: 5_000,
    ...more,
  }
  return recorded
}

const soon = () => vi.advanceTimersByTimeAsync(0)
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the link', () => {
  it('subscribes when it is open, and again, from where it was, after it was interrupted', async () => {
    const f = feed()
    link.follow(f)
    expect(channel().subscriptions).toHaveLength(0)
    channel().watcher.opened()
    channel().subscriptions[0]!.sink.next('a')
    expect(f.taken).toEqual(['a'])
    answering = false
    channel().watcher.lost()
    await soon()
    expect([link.connection.get().up, channel().closed]).toEqual([false, true])
    await later(6_000)
    expect(channels.length).toBeGreaterThan(1)
    channel().watcher.opened()
    expect([channel().way, channel().subscriptions[0]!.request.variables]).toEqual(['websocket', { since: 1 }])
  })

  it('takes event streams, then polls, when the server answers but nothing else gets through', async () => {
    const f = feed()
    link.follow(f)
    for (const way of ['websocket', 'websocket', 'events', 'events']) {
      expect(channel().way).toBe(way)
      channel().watcher.lost()
      await later(1_000)
    }
    expect([link.connection.get().way, link.connection.get().up]).toEqual(['polling', true])
    const before = f.reads
    await later(20_000)
    expect(f.reads - before).toBe(4)
  })

  describe('by event streams', () => {
    /** The event streams are open at once, whether or not there is a server. */
    async function open() {
      for (let i = 0; i < 2; i++) {
        channel().watcher.lost()
        await later(1_000)
      }
      channel().watcher.opened()
      expect(link.connection.get()).toMatchObject({ way: 'events', up: true })
    }

    it('is not connected while the server is away, since it went', async () => {
      await open()
      await later(10_000)
      const count = channels.length
      answering = false
      channel().watcher.lost()
      await soon()
      const { since, received } = link.connection.get()
      await later(60_000)
      expect(link.connection.get()).toMatchObject({ way: 'events', up: false, since, received })
      expect([channels.length, report(link.connection.get(), false, Date.now(), 5).label]).toEqual([count, 'No connection'])
      answering = true
      await later(6_000)
      expect(channels.length).toBe(count + 1)
    })

    it('is lost when the server gives no sign of life, though no stream is interrupted', async () => {
      await open()
      answering = false
      await later(15_000)
      expect(link.connection.get().up).toBe(false)
    })
  })

  it('is not lost as long as a WebSocket is open, though a request is not answered', async () => {
    channel().watcher.opened()
    answering = false
    await later(60_000)
    expect(link.connection.get().up).toBe(true)
  })

  it('takes the better way again when it is passable', async () => {
    for (let i = 0; i < 4; i++) {
      channel().watcher.lost()
      await later(1_000)
    }
    passable = true
    await later(60_000)
    expect(channel().way).toBe('websocket')
    channel().watcher.opened()
    expect(link.connection.get()).toMatchObject({ way: 'websocket', up: true })
  })

  it('notices while polling that the server is away, and that it is back', async () => {
    const f = feed({ read: async () => { if (!answering) throw new Error('away') } })
    link.follow(f)
    for (let i = 0; i < 4; i++) {
      channel().watcher.lost()
      await later(1_000)
    }
    answering = false
    await later(6_000)
    expect(link.connection.get()).toMatchObject({ way: 'polling', up: false })
    answering = true
    await later(6_000)
    expect(link.connection.get()).toMatchObject({ way: 'polling', up: true })
  })

  it('reads what sends nothing at first, and once more when that has surely begun', async () => {
    const f = feed({ readsFirst: true })
    channel().watcher.opened()
    link.follow(f)
    expect(f.reads).toBe(1)
    await later(2_000)
    expect(f.reads).toBe(2)
  })

  it('reads again what could not be read when it began, until it can be, and no longer than it is followed', async () => {
    let readable = false
    let reads = 0
    const read = async () => {
      reads++
      if (!readable) throw new Error('Redis does not answer')
    }
    channel().watcher.opened()
    const unfollow = link.follow(feed({ readsFirst: true, read }))
    await later(2_000)
    expect(reads).toBe(2)
    await later(10_000)
    expect(reads).toBe(4)
    readable = true
    await later(60_000)
    expect(reads).toBe(5)
    readable = false
    unfollow()
    link.follow(feed({ readsFirst: true, read }))()
    await later(60_000)
    expect(reads).toBe(6)
  })

  it('reads once when nothing opens', async () => {
    const f = feed()
    link.follow(f)
    await later(1_000)
    expect(f.reads).toBe(1)
  })

  it('tries again what was refused', async () => {
    const failed = vi.fn()
    link.follow(feed({ failed }))
    channel().watcher.opened()
    const first = channel().subscriptions[0]!
    first.sink.failed({ message: 'too far behind', code: 'UNAVAILABLE' })
    await later(2_000)
    expect([failed.mock.calls.length, channel().subscriptions[0] === first]).toEqual([0, false])
    channel().subscriptions[0]!.sink.failed({ message: 'no such session', code: 'NOT_FOUND' })
    expect(failed).toHaveBeenCalledOnce()
  })

  it('begins again, after a while, what is complete but may resume', async () => {
    link.follow(feed())
    link.follow(feed({ resumesAfter: 20_000 }))
    channel().watcher.opened()
    const [over, ended] = [...channel().subscriptions]
    over!.sink.complete()
    ended!.sink.complete()
    await later(19_000)
    expect(channel().subscriptions).toEqual([over, ended])
    await later(1_000)
    expect(channel().subscriptions).toHaveLength(2)
    expect(channel().subscriptions).toContain(over)
    expect(channel().subscriptions).not.toContain(ended)
  })

  it('stops what is no longer followed', () => {
    channel().watcher.opened()
    const unfollow = link.follow(feed())
    expect(channel().subscriptions).toHaveLength(1)
    unfollow()
    expect(channel().subscriptions).toHaveLength(0)
  })
})
