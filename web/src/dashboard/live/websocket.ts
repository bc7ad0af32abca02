import { createClient } from 'graphql-ws'
import { credentials, FORBIDDEN, recheck } from '../../login/login.ts'
import { type Channel, deliver, type Watcher } from './channel.ts'

const PING_EVERY = 10_000 // ms
const PONG_WITHIN = 6_000
const OPEN_WITHIN = 4_000

/**
 * Opens a WebSocket that carries all subscriptions. A peer that left without a word
 * is noticed by its missing pongs. It is never reopened: what comes after is the link's
 * to decide.
 */
export function openSocket(url: string, watcher: Watcher): Channel {
  let lost = false
  let deadline: ReturnType<typeof setTimeout> | undefined
  const within = (ms: number) => {
    clearTimeout(deadline)
    deadline = setTimeout(() => client.terminate(), ms)
  }
  const lose = () => {
    clearTimeout(deadline)
    if (lost) return
    lost = true
    dispose()
    watcher.lost()
  }
  // Disposing waits for a connection that is being opened; that it can't be is no news.
  const dispose = () => void Promise.resolve(client.dispose()).catch(() => {})
  const client = createClient({
    url,
    lazy: false,
    retryAttempts: 0,
    keepAlive: PING_EVERY,
    connectionParams: credentials,
    onNonLazyError: lose,
    on: {
      connected: () => {
        clearTimeout(deadline)
        if (!lost) watcher.opened()
      },
      ping: (received) => received || within(PONG_WITHIN),
      message: () => {
        clearTimeout(deadline)
        if (!lost) watcher.received()
      },
      closed: (event) => {
        if ((event as CloseEvent).code === FORBIDDEN) void recheck()
        lose()
      },
    },
  })
  within(OPEN_WITHIN)
  return {
    subscribe: (request, sink) => {
      const stop = client.subscribe(request, {
        next: (result) => lost || deliver(sink, result),
        error: (error) => {
          if (!lost && Array.isArray(error)) deliver(sink, { errors: error }) // else the socket is closed
        },
        complete: () => lost || sink.complete(),
      })
      return stop
    },
    close: () => {
      lost = true
      clearTimeout(deadline)
      dispose()
    },
  }
}

/** Whether a WebSocket gets through to the server. */
export async function socketWorks(url: string): Promise<boolean> {
  return new Promise((answer) => {
    const channel = openSocket(url, {
      opened: () => {
        channel.close()
        answer(true)
      },
      received: () => {},
      lost: () => answer(false),
    })
  })
}
