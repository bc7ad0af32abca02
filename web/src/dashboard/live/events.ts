import { send } from '../../login/login.ts'
import { type Channel, type Request, type Sink, deliver, type Watcher } from './channel.ts'
import { SILENCE } from './connection.ts'
import { EventParser } from './eventstream.ts'

/**
 * Carries each subscription over an event stream of its own (GraphQL over SSE, distinct
 * connections), read with fetch: EventSource can't post. If one is interrupted, or silent, all are lost.
 * It is open at once, as there is nothing to open: whether the server answers is to be known before.
 */
export function openEvents(url: string, watcher: Watcher): Channel {
  const all = new AbortController()
  let lost = false
  const lose = () => {
    if (lost) return
    lost = true
    all.abort()
    watcher.lost()
  }
  queueMicrotask(() => lost || watcher.opened())
  return {
    subscribe: (request, sink) => {
      const one = new AbortController()
      const signal = AbortSignal.any([all.signal, one.signal])
      read(url, request, sink, signal, watcher.received).catch(() => signal.aborted || lose())
      return () => one.abort()
    },
    close: () => {
      lost = true
      all.abort()
    },
  }
}

async function read(url: string, request: Request, sink: Sink, signal: AbortSignal, received: () => void): Promise<void> {
  const silent = new AbortController()
  let deadline = setTimeout(() => silent.abort(), SILENCE)
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify(request),
      signal: AbortSignal.any([signal, silent.signal]),
    })
    if (!response.ok || response.body === null || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      throw new Error(`no event stream: ${response.status}`)
    }
    const parser = new EventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) throw new Error('the stream was interrupted')
      clearTimeout(deadline)
      deadline = setTimeout(() => silent.abort(), SILENCE)
      received()
      for (const event of parser.push(value)) {
        if (signal.aborted) return
        if (event.type === 'next') deliver(sink, JSON.parse(event.data))
        if (event.type === 'complete') return sink.complete()
      }
    }
  } finally {
    clearTimeout(deadline)
  }
}
