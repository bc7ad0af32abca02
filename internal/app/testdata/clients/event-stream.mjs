// No GraphQL client at all: a GET, as a browser's EventSource makes it, and the
// parser that the EventSource for Node is built on. It reads on to the very end.
import { createParser } from 'eventsource-parser'

export function open({ urls, tell }) {
  async function read({ query, variables }, sink, signal) {
    const url = new URL(urls[0])
    url.searchParams.set('query', query)
    url.searchParams.set('variables', JSON.stringify(variables))
    const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal })
    if (!response.headers.get('content-type').startsWith('text/event-stream')) {
      throw new Error(`${response.status}: ${await response.text()}`)
    }
    let complete = false
    const parser = createParser({
      onEvent({ event, data }) {
        if (complete || !['next', 'complete'].includes(event)) tell({ event: 'late', message: { event, data } })
        if (event === 'next') sink.next(JSON.parse(data))
        else complete = true
      },
      onError: sink.error,
      onComment: () => tell({ event: 'comment' }),
    })
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) parser.feed(text)
    if (!complete) throw new Error('the stream has ended, and was not complete')
    sink.complete()
  }
  return {
    subscribe(request, sink) {
      const control = new AbortController()
      read(request, sink, control.signal).catch(sink.error)
      return () => control.abort()
    },
  }
}
