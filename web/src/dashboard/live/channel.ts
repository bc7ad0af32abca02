// A channel carries subscriptions to the server and back, over one technology.

export interface Request {
  readonly query: string
  readonly variables: Record<string, unknown>
}

export interface Problem {
  readonly message: string
  readonly code: string
}

/** What becomes of a subscription. When its channel is lost it receives nothing more. */
export interface Sink {
  next(data: unknown): void
  /** Refused or ended by the server, for good. */
  failed(problem: Problem): void
  /** The server has said all there is to say. */
  complete(): void
}

/** What becomes of a channel. */
export interface Watcher {
  opened(): void
  /** Anything has come. */
  received(): void
  /** It can't be used any more; called once, and nothing after it. */
  lost(): void
}

export interface Channel {
  /** Starts a subscription; the answer stops it. */
  subscribe(request: Request, sink: Sink): () => void
  close(): void
}

interface Result {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> | undefined }[] | undefined
}

/** Gives the sink what a result says: data, or why there is none. */
export function deliver(sink: Sink, result: Result): void {
  const [error] = result.errors ?? []
  if (error !== undefined) sink.failed({ message: error.message, code: String(error.extensions?.['code'] ?? 'INTERNAL') })
  else sink.next(result.data)
}
