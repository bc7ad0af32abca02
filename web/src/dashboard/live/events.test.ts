// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openEvents } from './events.ts'

let stream: ReadableStreamDefaultController<Uint8Array>

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        stream = controller
        signal!.addEventListener('abort', () => controller.error(signal!.reason))
      },
    })
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

it('event streams on which two pings in a row are missing are lost', async () => {
  const watcher = { opened: vi.fn(), received: vi.fn(), lost: vi.fn() }
  const channel = openEvents('http://bosgraph.test/graphql', watcher)
  channel.subscribe({ query: 'subscription { x }', variables: {} }, { next: () => {}, failed: () => {}, complete: () => {} })
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(25_000)
    stream.enqueue(new TextEncoder().encode(':\n\n'))
    await vi.waitFor(() => expect(watcher.received).toHaveBeenCalledTimes(i + 1))
  }
  await vi.advanceTimersByTimeAsync(44_000)
  expect(watcher.lost).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(2_000)
  await vi.waitFor(() => expect(watcher.lost).toHaveBeenCalledOnce())
})
