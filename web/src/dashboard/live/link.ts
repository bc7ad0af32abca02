// The page's link to the server: keeps a channel open, the best that gets through, and
// every feed on it, and recovers by itself from whatever happens.

import type { Channel, Problem, Request, Watcher } from './channel.ts'
import { begin, type Connection, type Happening, step, wait, type Way } from './connection.ts'
import { createStore, type Readable } from './store.ts'

/** Something that is followed. */
export interface Feed {
  /** What to subscribe to. Asked again each time, as what is known by then may go into it. */
  request(): Request
  take(data: unknown): void
  /** Reads by query what the subscription would push: how it is followed by polling. */
  read(): Promise<void>
  /** Whether to read each time the subscription has begun, because that sends nothing at first. */
  readonly readsFirst: boolean
  /** How often to read while polling, and what could not be read, in milliseconds. */
  readonly every: number
  /** The server refused or ended it. It is tried again after a while: what is not there now may come. */
  failed?(problem: Problem): void
  /** The server has said all there is to say. */
  complete?(): void
  /** Begins again so long after that, in milliseconds: there may be more to say after all. Without it, never. */
  readonly resumesAfter?: number
  /** It is not followed any more. */
  left?(): void
}

export interface Ways {
  websocket(watcher: Watcher): Channel
  events(watcher: Watcher): Channel
  /** Whether a WebSocket gets through; tried on the side, while a worse way is taken. */
  probe(): Promise<boolean>
  /** Asks the server for a sign of life: whether it answers. */
  ask(): Promise<boolean>
}

/** How often the server is asked for a sign of life, and a better way is tried, in milliseconds. */
const ASK_EVERY = 15_000
const PROBE_EVERY = 60_000
/** What nothing is pushed to yet is read once after this, so that there is something to see. */
const PATIENCE = 1_000
/** A subscription that the server refused is tried again after this: for the moment; for good, as far as it knows. */
const AGAIN = 2_000
const MUCH_LATER = 10_000
/** What is read when a subscription begins is read once more: it may not have begun yet then. */
const SETTLED = 2_000
/** Event streams of a hidden tab are given back after this: a browser has few. */
const HIDDEN = 30_000

interface Followed {
  readonly feed: Feed
  stop: () => void
}

export class Link {
  readonly connection: Readable<Connection>
  readonly #state
  readonly #ways: Ways
  readonly #feeds = new Set<Followed>()
  #channel: Channel | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #attempt = 0 // what was begun before the present one is of no interest any more
  #running = false
  #asleep = false
  readonly #stops: (() => void)[] = []

  constructor(ways: Ways, way: Way = 'websocket') {
    this.#ways = ways
    this.#state = createStore(begin(Date.now(), navigator.onLine, way))
    this.connection = this.#state
  }

  /** Connects, and stays connected until the answer is called. */
  start(): () => void {
    this.#running = true
    this.#connect()
    this.#repeat(ASK_EVERY, () => void this.#look())
    this.#repeat(PROBE_EVERY, () => void this.#improve())
    this.#listen(window, 'online', () => this.#network(true))
    this.#listen(window, 'offline', () => this.#network(false))
    this.#listen(document, 'visibilitychange', () => this.#visibility())
    return () => {
      this.#running = false
      this.#attempt++
      for (const stop of this.#stops.splice(0)) stop()
      this.#disconnect()
    }
  }

  /** Follows the feed until the answer is called. */
  follow(feed: Feed): () => void {
    const followed: Followed = { feed, stop: () => {} }
    this.#feeds.add(followed)
    if (this.#state.get().up) this.#begin(followed)
    const impatient = setTimeout(() => {
      if (!this.#state.get().up) feed.read().then(() => this.received(), () => {})
    }, PATIENCE)
    return () => {
      clearTimeout(impatient)
      this.#feeds.delete(followed)
      followed.stop()
      feed.left?.()
    }
  }

  /** An answer of the server has come, by whatever way. */
  received(): void {
    this.#step({ type: 'received', at: Date.now() })
  }

  #step(happening: Happening): void {
    this.#state.set(step(this.#state.get(), happening))
  }

  #connect(): void {
    this.#disconnect()
    const attempt = ++this.#attempt
    const { way } = this.#state.get()
    if (way === 'websocket') return this.#open(way)
    // Neither of the others is opened by the server, as a WebSocket is: without its answer they would count as open while it is away.
    void this.#ways.ask().then((answered) => {
      if (attempt !== this.#attempt) return
      if (!answered) this.#lost()
      else if (way === 'events') this.#open(way)
      else this.#opened()
    })
  }

  #open(way: 'websocket' | 'events'): void {
    let channel: Channel | null = null
    const current = (then: () => void) => () => channel !== null && channel === this.#channel && then()
    channel = this.#channel = this.#ways[way]({
      opened: current(() => this.#opened()),
      received: current(() => this.received()),
      lost: current(() => this.#lost()),
    })
  }

  #disconnect(): void {
    clearTimeout(this.#retry)
    for (const followed of this.#feeds) followed.stop()
    const channel = this.#channel
    this.#channel = null
    channel?.close()
  }

  #opened(): void {
    if (!this.#running) return
    this.#step({ type: 'opened', at: Date.now() })
    for (const followed of this.#feeds) this.#begin(followed)
  }

  #lost(): void {
    if (!this.#running) return
    this.#disconnect()
    this.#step({ type: 'broken', at: Date.now() })
    const attempt = ++this.#attempt
    void this.#ways.ask().then((answered) => {
      if (!this.#running || attempt !== this.#attempt) return
      this.#step({ type: 'lost', at: Date.now(), answered })
      this.#retry = setTimeout(() => this.#connect(), wait(this.#state.get(), Math.random()))
    })
  }

  #begin(followed: Followed): void {
    followed.stop()
    followed.stop = this.#channel === null ? this.#poll(followed.feed) : this.#subscribe(followed, this.#channel)
  }

  #subscribe(followed: Followed, channel: Channel): () => void {
    const { feed } = followed
    const timers: ReturnType<typeof setTimeout>[] = []
    const unsubscribe = channel.subscribe(feed.request(), {
      next: (data) => feed.take(data),
      complete: () => {
        feed.complete?.()
        if (feed.resumesAfter !== undefined) timers.push(setTimeout(() => this.#begin(followed), feed.resumesAfter))
      },
      failed: (problem) => {
        const later = problem.code === 'UNAVAILABLE' ? AGAIN : MUCH_LATER
        timers.push(setTimeout(() => this.#begin(followed), later))
        if (later === MUCH_LATER) feed.failed?.(problem)
      },
    })
    let stopped = false
    const settle = () => {
      feed.read().catch(() => {
        if (!stopped) timers.push(setTimeout(settle, feed.every)) // without it, changes would be pushed to nothing
      })
    }
    if (feed.readsFirst) {
      feed.read().catch(() => {}) // made up for by the other one
      timers.push(setTimeout(settle, SETTLED))
    }
    return () => {
      stopped = true
      timers.forEach(clearTimeout)
      unsubscribe()
    }
  }

  #poll(feed: Feed): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let stopped = false
    const read = async () => {
      const answered = await feed.read().then(() => true, () => false)
      if (stopped) return
      if (answered) this.received()
      else if (!(await this.#ways.ask())) return stopped || this.#lost()
      if (!stopped) timer = setTimeout(() => void read(), feed.every)
    }
    void read()
    return () => {
      stopped = true
      clearTimeout(timer)
    }
  }

  /** Asks for a sign of life. Only a WebSocket is known by its pongs to be open: without an answer the other ways are lost. */
  async #look(): Promise<void> {
    const attempt = this.#attempt
    const answered = await this.#ways.ask()
    const { way, up } = this.#state.get()
    if (answered) this.received()
    else if (attempt === this.#attempt && up && way !== 'websocket' && !this.#asleep) this.#lost()
  }

  /** Takes the best way again if it has become passable. */
  async #improve(): Promise<void> {
    const { way, up } = this.#state.get()
    if (way === 'websocket' || !up || this.#asleep || !(await this.#ways.probe())) return
    if (!this.#running || this.#state.get().way !== way) return
    this.#step({ type: 'found', at: Date.now(), way: 'websocket' })
    this.#connect()
  }

  #network(online: boolean): void {
    this.#step({ type: 'online', at: Date.now(), online })
    if (online && !this.#state.get().up) this.#connect()
  }

  #visibility(): void {
    const { way, up } = this.#state.get()
    if (document.hidden && way === 'events') {
      const timer = setTimeout(() => {
        if (!document.hidden || this.#state.get().way !== 'events') return
        this.#asleep = true
        this.#attempt++ // one that is under way does not count any more
        this.#disconnect()
      }, HIDDEN)
      this.#stops.push(() => clearTimeout(timer))
    }
    if (!document.hidden && (this.#asleep || !up)) {
      this.#asleep = false
      this.#connect()
    }
  }

  #repeat(ms: number, task: () => void): void {
    const timer = setInterval(task, ms)
    this.#stops.push(() => clearInterval(timer))
  }

  #listen(target: EventTarget, type: string, listener: () => void): void {
    target.addEventListener(type, listener)
    this.#stops.push(() => target.removeEventListener(type, listener))
  }
}
