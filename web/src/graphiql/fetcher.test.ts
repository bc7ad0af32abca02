// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest'
import { createFetcher } from './fetcher.ts'

const fetcher = createFetcher({ http: 'http://localhost/graphql', socket: 'ws://localhost/graphql' })

afterEach(() => vi.unstubAllGlobals())

/** Answers every request with a text, and keeps what was asked. */
function answer(text: string, status = 200) {
  const asked: { body: Record<string, unknown>; headers: Record<string, string> }[] = []
  vi.stubGlobal('fetch', (_: string, { body, headers }: { body: string; headers: Headers }) => {
    asked.push({ body: JSON.parse(body), headers: Object.fromEntries(headers) })
    return Promise.resolve(new Response(text, { status, statusText: 'Said' }))
  })
  return asked
}

test('a query goes over HTTP, with the headers of the user', async () => {
  const asked = answer('{"data": {"a": 1}}')
  const result = await fetcher({ query: 'query A { a }', operationName: 'A' }, { headers: { 'x-asked-by': 'ops' } })
  expect(result).toEqual({ data: { a: 1 } })
  expect(asked[0]?.body).toEqual({ query: 'query A { a }', operationName: 'A' })
  expect(asked[0]?.headers).toMatchObject({ 'x-asked-by': 'ops', 'content-type': 'application/json' })
})

test('the name of another operation is not sent', async () => {
  const asked = answer('{"data": {}}')
  await fetcher({ query: 'query B { b }', operationName: 'A' })
  expect(asked[0]?.body).toMatchObject({ operationName: 'B' })
  await fetcher({ query: 'query B { b } query C { c }', operationName: 'A' })
  expect(asked[1]?.body).toMatchObject({ operationName: 'A' }) // which of them is unknown: the server says so
})

test('an answer that is none of GraphQL is shown as it is', async () => {
  answer('<h1>Bad gateway</h1>', 502)
  await expect(fetcher({ query: '{ a }' })).rejects.toThrow('502 Said: <h1>Bad gateway</h1>')
})
