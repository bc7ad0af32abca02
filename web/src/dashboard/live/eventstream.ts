// Reading event streams (text/event-stream) from what a fetch brings, piece by piece.

export interface StreamEvent {
  readonly type: string
  readonly data: string
}

/** Makes events of a stream's text, which may be cut anywhere. */
export class EventParser {
  #rest = ''

  /** The events that this piece completes. */
  push(piece: string): StreamEvent[] {
    const blocks = (this.#rest + piece).replaceAll('\r\n', '\n').split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      let type = ''
      const data: string[] = []
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        if (colon <= 0) continue // a comment, such as a ping
        const value = line.slice(colon + 1).replace(/^ /, '')
        if (line.startsWith('event:')) type = value
        else if (line.startsWith('data:')) data.push(value)
      }
      return type === '' ? [] : [{ type, data: data.join('\n') }]
    })
  }
}
