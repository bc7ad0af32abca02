// graphql-ws by itself, everything over its socket.
import { socket } from './socket.mjs'

export function open(setup) {
  const client = socket(setup)
  return { ...client, ask: request => answer(client, request) }
}

// answer is the one result of an operation that ends with it.
export function answer(client, request) {
  return new Promise((resolve, reject) => {
    let result
    client.subscribe(request, {
      next: next => (result = next),
      error: reject,
      complete: () => resolve(result),
    })
  })
}
