import { beforeAll, expect, test } from 'vitest'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expectAccessible, looks, shoot, useBrowser } from './browser.ts'
import { Server, xnames } from './stage.ts'

const { open } = useBrowser()
const ids = xnames(8)
let server: Server

beforeAll(async () => {
  server = await Server.start(['serve', '--base-path', '/ops/boot'])
  await server.boot('monday', ids)
})

/** What the playground shows as the answer. Its editor shows spaces as no-break spaces. */
const answer = async (page: Page) =>
  ((await page.getByLabel('Result Window').textContent()) ?? '').replaceAll('\u00a0', ' ')

/** Opens the playground, and waits until its editor has the first example. */
async function openPlayground(look: BrowserContextOptions = {}): Promise<Page> {
  const page = await open(`${server.url}/graphiql`, look)
  await page.locator('.graphiql-query-editor .view-line').first().waitFor()
  return page
}

const execute = (page: Page) => page.getByRole('button', { name: /execute query/i }).click()

const watchTab = (page: Page) => page.getByRole('button', { name: 'WatchSession', exact: true }).click()

test('a query is asked, and its answer shown', async () => {
  const page = await openPlayground()
  await execute(page)
  await expect.poll(() => answer(page)).toContain('"name": "monday"')
  expect(await answer(page)).toContain('"percentPoweringOn": 100')
  await shoot(page, 'playground-query')
})

test('a subscription shows what changes, and ends with the session', async () => {
  const page = await openPlayground()
  await watchTab(page)
  await execute(page)
  await expect.poll(() => answer(page)).toContain('"percentSuccessful": 0')
  await server.patch(ids.slice(0, 4).map((id) => ({ id, status: { phase: '' } })))
  await expect.poll(() => answer(page)).toContain('"percentSuccessful": 50')
  await shoot(page, 'playground-subscription')
  await server.patch(ids.map((id) => ({ id, session: '' })))
  await expect.poll(() => answer(page)).toContain('"status": "COMPLETE"')
  await page.getByRole('button', { name: /execute query/i }).waitFor()
})

test('headers go with queries and subscriptions', async () => {
  const page = await openPlayground()
  await page.getByRole('button', { name: 'Headers' }).click()
  await page.locator('.graphiql-editor-tool .graphiql-editor:visible').click()
  await page.keyboard.insertText('{"x-asked-by": "ops"}')
  const asked = page.waitForRequest((request) => request.headers()['x-asked-by'] === 'ops')
  await execute(page)
  await asked
  // They may have a token in them: nothing keeps them, also once what was asked is in the history.
  const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage }))
  await expect.poll(stored).toContain('graphiql:queries')
  expect(await stored()).not.toContain('x-asked-by')
})

test('where no WebSocket gets through, subscriptions come as events', async () => {
  const page = await openPlayground()
  await page.routeWebSocket(/./, (socket) => socket.close())
  await watchTab(page)
  const events = page.waitForResponse((response) => response.headers()['content-type']?.startsWith('text/event-stream') ?? false)
  await execute(page)
  await events
  await expect.poll(() => answer(page)).toContain('"percentSuccessful"')
})

test('the schema is described', async () => {
  const page = await openPlayground()
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
  await page.getByRole('link', { name: 'Query', exact: true }).click()
  await expect.poll(() => page.getByRole('complementary').or(page.locator('.graphiql-plugin')).first().textContent())
    .toContain('Only what is selected is computed')
  await shoot(page, 'playground-docs')
})

test('a link to share opens the same query, as dark as the dashboard', async () => {
  const page = await openPlayground({ permissions: ['clipboard-read', 'clipboard-write'], colorScheme: 'dark' })
  await watchTab(page)
  await page.getByRole('button', { name: 'Copy a link to this query' }).click()
  await page.getByText('Link copied').waitFor()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(link).toContain(`${server.url}/graphiql?query=`)
  await page.evaluate(() => localStorage.setItem('bosgraph.theme', 'light'))
  await page.goto(link)
  await expect.poll(() => page.locator('.graphiql-tabs [aria-current="true"]').textContent()).toMatch(/^WatchSession/)
  await expect.poll(() => page.evaluate(() => document.body.className)).toContain('graphiql-light')
})

test('samples of an earlier visit get a session that exists', async () => {
  const page = await openPlayground()
  await watchTab(page)
  const stored = () => page.evaluate(() => localStorage.getItem('graphiql:tabState') ?? '')
  await expect.poll(stored).toContain('monday')
  await page.evaluate(() => localStorage.setItem('graphiql:tabState', localStorage.getItem('graphiql:tabState')!.replaceAll('monday', 'sunday')))
  await page.goto(`${server.url}/`) // the page itself would store its tabs again
  await page.goto(`${server.url}/graphiql`)
  await page.locator('.graphiql-query-editor .view-line').first().waitFor()
  expect(await stored()).not.toContain('sunday')
})

test('on a phone a query is asked and its answer is to be seen', async () => {
  const page = await openPlayground({ viewport: { width: 390, height: 844 } })
  await execute(page)
  await expect.poll(() => answer(page)).toContain('"name": "monday"')
  const { width, height } = (await page.getByLabel('Result Window').boundingBox())!
  expect(width).toBeGreaterThan(250)
  expect(height).toBeGreaterThan(150)
  await shoot(page, 'playground-phone')
})

test('in a window that is not high, as with large type, the answer can be scrolled to', async () => {
  const page = await openPlayground({ viewport: { width: 640, height: 360 } })
  await execute(page)
  await expect.poll(() => answer(page)).toContain('"name": "monday"')
  const result = page.getByLabel('Result Window')
  await result.scrollIntoViewIfNeeded()
  const { y, height } = (await result.boundingBox())!
  expect(height).toBeGreaterThan(120)
  expect(y + height).toBeLessThanOrEqual(360)
  await shoot(page, 'playground-low')
})

test('where the browser allows no storage a query is asked, too', async () => {
  const page = await open(`${server.url}/`)
  await page.addInitScript(() =>
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError')
      },
    }))
  await page.goto(`${server.url}/graphiql`)
  await page.locator('.graphiql-query-editor .view-line').first().waitFor()
  await execute(page)
  await expect.poll(() => answer(page)).toContain('"name": "monday"')
})

test.each(looks)('no barriers, %s', async (colorScheme) => {
  const page = await openPlayground({ colorScheme })
  await expectAccessible(page)
  expect(await page.evaluate(async () => (await window.axe.run({ runOnly: ['landmark-one-main', 'page-has-heading-one', 'region'] })).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`))).toEqual([])
  await shoot(page, `playground-${colorScheme}`)
})
