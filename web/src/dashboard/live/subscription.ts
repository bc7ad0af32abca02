import { stringifyDocument, type TypedDocumentNode } from 'urql'
import type { Request } from './channel.ts'

/** What to send for a subscription. */
export function subscription<D, V extends Record<string, unknown>>(document: TypedDocumentNode<D, V>, variables: V): Request {
  return { query: stringifyDocument(document), variables }
}
