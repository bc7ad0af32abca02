// What a web page of a stranger can do to a server on this machine: nothing. The page
// is shown by a real browser, which finds the server by the stranger's own name, as it
// does after DNS rebinding.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { graphql } from '../src/gql/index.ts'
import { launch } from './browser.ts'
import { Server, xnames } from './stage.ts'

const stranger = 'evil.test'
const ids = xnames(4)
const victim = ids[0]!

let browser: Browser
let page: Page

beforeAll(async () => {
  browser = await launch(
    `MAP ${stranger} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    // What a browser may do against it by itself is not to help the server.
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights',
  )
})
afterAll(async () => {
  await browser?.close()
})
afterEach(async () => {
  await page?.context().close()
})

/** Opens the stranger's page, which is what that address shows before it is rebound. */
async function openStrangers(origin: string): Promise<void> {
  page = await (await browser.newContext()).newPage()
  const address = `${origin}/strangers-page`
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>cats</title>' }))
  await page.goto(address)
  expect(await page.evaluate(() => location.origin)).toBe(origin)
}

const mutation = (id: string) => JSON.stringify({ query: `mutation { deleteComponents(input: { ids: ["${id}"] }) { applied } }` })
const json = { 'content-type': 'application/json' }

/** Sends a request from the page: the status, or "refused" where the page learns nothing at all. */
const send = (url: string, init: RequestInit = {}) =>
  page.evaluate(
    async ({ url, init }) => {
      try {
        return (await fetch(url, init)).status
      } catch {
        return 'refused'
      }
    },
    { url, init },
  )

/** Opens a WebSocket from the page, and says whether it was acknowledged. */
const socket = (url: string) =>
  page.evaluate(
    (url) =>
      new Promise<string>((resolve) => {
        const ws = new WebSocket(url, 'graphql-transport-ws')
        ws.onopen = () => ws.send('{"type":"connection_init"}')
        ws.onmessage = () => resolve('opened')
        ws.onerror = () => resolve('refused')
      }),
    url.replace(/^http/, 'ws') + '/graphql',
  )

/** Follows a subscription from the page, and says whether something came. */
const stream = (url: string) =>
  page.evaluate(
    (url) =>
      new Promise<string>((resolve) => {
        const events = new EventSource(url)
        const end = (how: string) => {
          events.close()
          resolve(how)
        }
        events.addEventListener('next', () => end('opened'))
        events.onerror = () => end('refused')
      }),
    `${url}/graphql?query=${encodeURIComponent('subscription { sessionStatusUpdated(name: "s") { status } }')}`,
  )

const ComponentIds = graphql(`
  query ComponentIds {
    components(first: 100) {
      edges {
        node {
          id
        }
      }
    }
  }
`)

const left = async (server: Server) => (await server.ask(ComponentIds)).components.edges.map(({ node }) => node.id)

/** Runs a server with a session, and says where the stranger's name finds it. */
async function start(...options: string[]): Promise<{ server: Server; rebound: string }> {
  const server = await Server.start(['serve', ...options])
  await server.boot('s', ids)
  return { server, rebound: server.url.replace('127.0.0.1', stranger) }
}

describe('a rebound page', () => {
  let server: Server
  let rebound: string
  beforeAll(async () => {
    ;({ server, rebound } = await start())
  })

  test('reads nothing', async () => {
    await openStrangers(rebound)
    expect(await send(`${rebound}/graphql?query={__typename}`)).toBe(421)
    expect(await send(`${rebound}/graphql`, { method: 'POST', headers: json, body: '{"query":"{__typename}"}' })).toBe(421)
    expect(await send(`${rebound}/v2/components`)).toBe(421)
    expect(await send(`${rebound}/apis/bos/v2/sessions/s/status`)).toBe(421)
    expect(await send(`${rebound}/healthz`)).toBe(421)
  })

  test('changes nothing', async () => {
    await openStrangers(rebound)
    expect(await send(`${rebound}/graphql`, { method: 'POST', headers: json, body: mutation(victim) })).toBe(421)
    const text = { 'content-type': 'text/plain' }
    expect(await send(`${rebound}/graphql`, { method: 'POST', headers: text, body: mutation(victim) })).toBe(421)
    expect(await left(server)).toEqual(ids)
  })

  test('watches nothing', async () => {
    await openStrangers(rebound)
    expect(await socket(rebound)).toBe('refused')
    expect(await stream(rebound)).toBe('refused')
  })

  test.each(['/', '/sessions/s', '/graphiql'])('does not show %s', async (path) => {
    await openStrangers(rebound)
    const answer = await page.goto(rebound + path)
    expect(answer?.status()).toBe(421)
    expect(await page.innerText('body')).toContain(`--allow-host=${stranger}`)
  })
})

// Without this, what is refused above might be refused by the browser.
test('a rebound page would do all of that to a server that allows every name', async () => {
  const { server, rebound } = await start('--allow-host=*')
  await openStrangers(rebound)
  expect(await send(`${rebound}/graphql?query={__typename}`, { headers: { accept: 'application/json' } })).toBe(200)
  expect(await send(`${rebound}/v2/components`)).toBe(200)
  expect(await send(`${rebound}/healthz`)).toBe(200)
  expect(await socket(rebound)).toBe('opened')
  expect(await stream(rebound)).toBe('opened')
  expect(await send(`${rebound}/graphql`, { method: 'POST', headers: json, body: mutation(victim) })).toBe(200)
  expect(await left(server)).toEqual(ids.slice(1))
  expect((await page.goto(`${rebound}/`))?.status()).toBe(200)
})

test('a page of another origin does nothing to a server that is asked by its address', async () => {
  const { server } = await start()
  await openStrangers(`http://${stranger}:8081`)
  for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
    const to = `${url}/graphql`
    const simple = { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' } } as const
    expect(await send(to, { ...simple, body: mutation(victim) })).toBe('refused')
    expect(await send(to, { method: 'POST', headers: json, body: mutation(victim) })).toBe('refused')
    expect(await send(`${to}?query={__typename}`)).toBe('refused')
    expect(await send(`${url}/v2/components`, { mode: 'no-cors' })).toBe('refused')
    expect(await socket(url)).toBe('refused')
    expect(await stream(url)).toBe('refused')
  }
  expect(await left(server)).toEqual(ids)
})
