import type { BrowserContextOptions, Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { graphql } from '../src/gql/index.ts'
import { expectAccessible, long, looks, shoot, useBrowser } from './browser.ts'
import { Server, xnames } from './stage.ts'

const { allowMissing, open, allowOutage } = useBrowser()

const done = (page: Page) => page.getByRole('region', { name: 'How far it is' }).locator('dd').first()
const pill = (page: Page) => page.locator('.pill')
const errorGroup = (page: Page, text: string) => page.getByRole('button', { name: text })

/** Marks the page, so that a reload of it would be noticed. */
const mark = (page: Page) => page.evaluate(() => document.documentElement.setAttribute('data-marked', 'yes'))
const expectNotReloaded = async (page: Page) =>
  expect(await page.evaluate(() => document.documentElement.getAttribute('data-marked')), 'the page has been reloaded').toBe('yes')

const LargeBoot = graphql(`
  query LargeBoot {
    sessions(first: 1, filter: { status: RUNNING, templateName: "compute-24.7", tenant: "" }) {
      edges {
        node {
          name
          status {
            counts {
              managed
              complete
            }
          }
        }
      }
    }
  }
`)

const Counts = graphql(`
  query Counts($name: String!) {
    session(name: $name) {
      status {
        status
        counts {
          complete
        }
      }
    }
  }
`)

test('a demo: percentages move without a reload, and come back after the server has been away', async () => {
  const demo = await Server.start(['demo', '--components', '400', '--speed', '20'])
  const replica = await Server.start(['serve'], demo.namespace)
  let name = ''
  await expect.poll(async () => {
    const [edge] = (await demo.ask(LargeBoot)).sessions.edges
    name = edge?.node.name ?? ''
    return edge?.node.status.counts.managed ?? 0
  }, { timeout: 30_000 }).toBeGreaterThan(20)

  const page = await open(`${replica.url}/`)
  await mark(page)
  const row = page.getByRole('row').filter({ hasText: name })
  const list = await row.textContent()
  await expect.poll(() => row.textContent()).not.toBe(list)

  await row.getByRole('link').first().click()
  await page.getByRole('heading', { level: 1 }).waitFor()
  const before = await done(page).textContent()
  await expect.poll(() => done(page).textContent(), { timeout: 30_000 }).not.toBe(before)
  await shoot(page, 'demo-session')

  allowOutage()
  await replica.stop()
  await expect.poll(() => pill(page).getAttribute('data-tone')).toBe('waiting')
  const away = await done(page).textContent()
  const complete = async () => (await demo.ask(Counts, { name })).session!.status.counts.complete
  const then = await complete()
  await expect.poll(complete, { timeout: 30_000 }).toBeGreaterThan(then)
  await shoot(page, 'server-away')
  await replica.restart()
  await expect.poll(() => pill(page).getAttribute('data-tone')).toBe('live')
  await expect.poll(() => done(page).textContent()).not.toBe(away)
  await expectNotReloaded(page)
  await demo.stop()
})

/** A session of 64 components whose progress this test decides. */
async function friday(options: string[] = []) {
  const server = await Server.start(['serve', ...options])
  const ids = xnames(64)
  await server.boot('friday', ids)
  const failed = ids.slice(0, 12)
  const message = "An error was encountered while calling CAPMC to power on: unable to reach the node's BMC"
  await server.patch(failed.map((id, i) => ({ id, status: { statusOverride: 'failed' }, error: i < 9 ? message : 'kernel panic' })))
  await server.patch(ids.slice(12, 32).map((id) => ({ id, status: { phase: '' } })))
  await server.patch(ids.slice(32, 48).map((id) => ({ id, status: { phase: 'configuring' } })))
  return { server, ids, failed, message }
}

/** Ends it as BOS does: what is done is not to be acted on any more. */
async function end({ server, ids }: { server: Server; ids: string[] }) {
  await server.patch(ids.map((id) => ({ id, enabled: false, status: { phase: '' } })))
}

test('a session: an error group, a component, and how it ends', async () => {
  const it = await friday()
  const page = await open(`${it.server.url}/`)
  await mark(page)
  await page.getByRole('link', { name: 'Boot compute' }).click()
  await expect.poll(() => done(page).textContent()).toMatch(/^50(\.00)?\s%$/)

  await errorGroup(page, it.message).click()
  const affected = page.getByRole('list', { name: 'Affected components' }).getByRole('button')
  await expect.poll(() => affected.count()).toBe(9)
  await affected.nth(3).click()
  const panel = page.getByRole('complementary', { name: it.failed[3]! })
  await expect.poll(() => panel.textContent()).toContain(it.message)
  await shoot(page, 'session-error-component')

  // The address leads to just this, for a colleague, too.
  const colleague = await open(page.url())
  await expect.poll(() => colleague.getByRole('complementary').textContent()).toContain(it.message)
  await expect.poll(() => colleague.getByRole('list', { name: 'Affected components' }).getByRole('button').count()).toBe(9)
  await colleague.close()

  // Back closes one after the other.
  await page.goBack()
  await expect.poll(() => panel.count()).toBe(0)
  expect(await affected.count()).toBe(9)
  await page.goBack()
  await expect.poll(() => affected.count()).toBe(0)
  expect(new URL(page.url()).pathname).toBe('/sessions/friday')
  await page.goForward()
  await page.goForward()

  await page.keyboard.press('Escape')
  await expect.poll(() => panel.count()).toBe(0)
  await end(it)
  await expect.poll(() => page.getByText('Frozen').count()).toBe(1)
  expect(await done(page).textContent()).toMatch(/^100(\.00)?\s%$/)
  await it.server.patch(it.ids.map((id) => ({ id, status: { phase: 'powering_on', statusOverride: '' }, error: '' })))
  await page.reload()
  await expect.poll(() => page.getByText('Frozen').count()).toBe(1)
  expect(await done(page).textContent()).toMatch(/^100(\.00)?\s%$/)
  await expect.poll(() => errorGroup(page, it.message).count()).toBe(1)
  await shoot(page, 'session-frozen')
})

const DeleteSession = graphql(`
  mutation DeleteSession($name: String!) {
    deleteSession(input: { name: $name }) {
      userErrors {
        message
      }
    }
  }
`)

test('a session whose name is used again after its end is shown without a reload', async () => {
  const it = await friday()
  const page = await open(`${it.server.url}/sessions/friday`)
  await mark(page)
  await expect.poll(() => done(page).textContent()).toMatch(/^50(\.00)?\s%$/)
  await end(it)
  await expect.poll(() => page.getByText('Frozen').count()).toBe(1)
  await it.server.ask(DeleteSession, { name: 'friday' })
  await it.server.boot('friday', it.ids.slice(0, 16))
  await it.server.patch(it.ids.slice(0, 4).map((id) => ({ id, status: { phase: '', statusOverride: '' } })))
  await expect.poll(() => done(page).textContent(), { timeout: 40_000 }).toMatch(/^81\.25\s%$/) // 52 of 64: all others have its name
  expect(await page.getByText('Frozen').count()).toBe(0)
  await expect.poll(() => page.getByRole('list', { name: 'Components by state' }).textContent()).toMatch(/Powering on12/)
  await expectNotReloaded(page)
})

test('what has happened since I looked is marked, in the list and in the session', async () => {
  const it = await friday()
  const page = await open(`${it.server.url}/`)
  const row = page.getByRole('row').filter({ hasText: 'friday' })
  await row.getByText('Boot compute').waitFor()
  expect(await row.textContent()).not.toContain('new:')
  await it.server.patch(it.ids.slice(32, 35).map((id) => ({ id, status: { statusOverride: 'failed' } })))
  await row.getByText('new: 3 failed').waitFor()
  await shoot(page, 'sessions-news')

  await page.getByRole('link', { name: 'Boot compute' }).click()
  await done(page).waitFor()
  await page.goBack()
  await row.getByText('Boot compute').waitFor()
  expect(await row.textContent()).not.toContain('new:')
  await end(it)
  await row.getByText('new: complete').waitFor()
  await page.reload()
  await row.getByText('new: complete').waitFor()
  await page.getByRole('link', { name: 'Boot compute' }).click()
  await page.getByText('Since you looked').waitFor()
  expect(await page.locator('.news-since').textContent()).toContain('it has completed')
  await page.goBack()
  await row.getByText('Boot compute').waitFor()
  expect(await page.getByRole('button', { name: 'Mark as seen' }).count()).toBe(0)
})

const CreateSession = graphql(`
  mutation Create($input: CreateSessionInput!) {
    createSession(input: $input) {
      userErrors {
        message
      }
    }
  }
`)

const UpdateSession = graphql(`
  mutation Update($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      userErrors {
        message
      }
    }
  }
`)

const PutLong = graphql(`
  mutation PutLong($components: [ComponentInput!]!) {
    putComponents(input: { components: $components }) {
      userErrors {
        message
      }
    }
  }
`)

test('a set-up that failed shows its reason, and no numbers of nothing', async () => {
  const server = await Server.start(['serve'])
  await server.ask(CreateSession, { input: { name: 'broken', operation: 'BOOT', templateName: 'compute', limit: 'x1000' } })
  await server.ask(UpdateSession, { input: { name: 'broken', status: 'COMPLETE', error: 'no nodes were found to act upon' } })
  const page = await open(`${server.url}/sessions/broken`)
  await page.getByRole('alert').getByText('no nodes were found').waitFor()
  expect(await page.locator('main section').count()).toBe(0)
  await expectAccessible(page)
})

test('a session that is complete without any component is no success, in the list and on its page', async () => {
  const server = await Server.start(['serve'])
  await server.ask(CreateSession, { input: { name: 'hollow', operation: 'BOOT', templateName: 'compute' } })
  await server.ask(UpdateSession, { input: { name: 'hollow', status: 'COMPLETE' } })
  const page = await open(`${server.url}/`)
  const row = page.getByRole('row').filter({ hasText: 'hollow' })
  await row.getByText('Complete without any component').waitFor()
  expect(await row.locator('.badge').getAttribute('data-failed')).not.toBeNull()
  await row.getByRole('link').first().click()
  await page.getByRole('alert').getByText('complete without any component').waitFor()
  expect(await page.locator('.headline .badge[data-failed]').count()).toBe(1)
  expect(await page.getByText('No component has an error').count()).toBe(0)
  await expectAccessible(page)
  await shoot(page, 'session-empty')
})

test.each(looks)('forced colours leave the states their own: %s', async (colorScheme) => {
  const page = await open(`${shown.server.url}/sessions/friday`, { forcedColors: 'active', colorScheme, reducedMotion: 'reduce' })
  expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true)
  const legend = page.getByRole('list', { name: 'Components by state' })
  await legend.getByText('Configuring').waitFor()
  await page.getByRole('region', { name: 'Cabinets' }).getByRole('img').first().waitFor()
  const backgrounds = (selector: string, pseudo?: string) =>
    page.locator(selector).evaluateAll((all, pseudo) => all.map((one) => getComputedStyle(one, pseudo).backgroundColor), pseudo)
  for (const [what, colours] of Object.entries({
    bar: await backgrounds('.numbers .phasebar-part'),
    cabinet: await backgrounds('tr:first-child .phasebar-part'),
    swatches: await backgrounds('.phase .swatch'),
    legend: await backgrounds('.machine-legend .machine-state', '::before'),
  })) {
    expect(colours.length, what).toBeGreaterThan(2)
    expect(new Set(colours).size, what).toBe(colours.length)
  }
  const [failed] = await backgrounds('.machine-legend [data-state="failed"]', '::before')
  const drawn = () => page.locator('.machine-stage canvas').first().evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    const seen = new Set<string>()
    for (let i = 0; i < data.length; i += 4) seen.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`)
    return [...seen]
  })
  await expect.poll(drawn).toContain(failed)
  await shoot(page, `session-forced-colours-${colorScheme}`)
})

test('long names push no columns away, and a phone shows progress and failures', async () => {
  const it = await friday()
  await it.server.ask(CreateSession, { input: { operation: 'BOOT', templateName: 'a-name-that-says-all-that-is-in-it-'.repeat(3) + 'x' } })
  const laptop = await open(`${it.server.url}/`)
  await laptop.getByText('Boot compute').waitFor()
  const sideways = (page: Page) => page.locator('.scroller').evaluate((box) => box.scrollWidth - box.clientWidth)
  expect(await sideways(laptop)).toBe(0)
  const phone = await open(`${it.server.url}/`, { viewport: { width: 390, height: 844 } })
  const row = phone.getByRole('row').filter({ hasText: 'friday' })
  await row.getByText('50.00 %').waitFor()
  expect(await sideways(phone)).toBe(0)
  const inside = async (text: string) => (await row.getByText(text, { exact: true }).boundingBox())!
  for (const text of ['50.00 %', '12']) {
    const { x, width } = await inside(text)
    expect(x + width, text).toBeLessThanOrEqual(390)
  }
  expect(await row.getByRole('img').isVisible()).toBe(true)
  expect((await phone.getByRole('heading', { level: 1 }).boundingBox())!.height, 'the heading is one line').toBeLessThan(40)
})

test('names that break nowhere do not widen a session', async () => {
  const server = await Server.start(['serve'])
  const template = 'x'.repeat(110)
  await server.ask(CreateSession, { input: { name: 'wide', operation: 'BOOT', templateName: template } })
  await server.ask(PutLong, { components: [{ id: '1'.repeat(100), enabled: true, session: 'wide', status: { phase: 'powering_on' } }] })
  await server.ask(UpdateSession, { input: { name: 'wide', status: 'RUNNING' } })
  for (const width of [1366, 390]) {
    const page = await open(`${server.url}/sessions/wide`, { viewport: { width, height: 844 } })
    await page.getByRole('region', { name: 'Slowest nodes' }).getByRole('button').waitFor()
    await shoot(page, `session-long-names-${width}`)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `at ${width}`).toBeLessThanOrEqual(width)
    const outside = await page.locator('.card .xname').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().right > one.closest('.card')!.getBoundingClientRect().right).length)
    expect(outside, `at ${width}`).toBe(0)
  }
})

test('BOS out of reach is an alarm on a phone, too, and the empty list knows that it is followed', async () => {
  const server = await Server.start(['serve', '--bos-url', 'http://127.0.0.1:1'])
  const page = await open(`${server.url}/`, { viewport: { width: 390, height: 844 } })
  await page.getByRole('alert').getByText('BOS sync failing').waitFor()
  await page.getByText('This server follows BOS at').waitFor()
  await expectAccessible(page)
  await shoot(page, 'bos-out-of-reach')
})

test('below a base path', async () => {
  const it = await friday(['--base-path', '/ops/boot'])
  const page = await open(`${it.server.url}/`)
  await page.getByRole('link', { name: 'Boot compute' }).click()
  await expect.poll(() => page.url()).toBe(`${it.server.url}/sessions/friday`)
  await expect.poll(() => done(page).textContent()).toMatch(/^50(\.00)?\s%$/)
  expect(await pill(page).getAttribute('data-way')).toBe('websocket')
  await page.getByRole('link', { name: 'Query' }).click()
  await expect.poll(() => page.locator('.graphiql-tabs [aria-current="true"]').textContent()).toMatch(/^Session/)
  await expect.poll(() => page.locator('.graphiql-editor-tool').textContent()).toContain('friday')
  await page.goBack()
  await expect.poll(() => done(page).textContent()).toMatch(/^50(\.00)?\s%$/)
})

test.each(['events', 'polling'])('where nothing better gets through, by %s', async (way) => {
  const it = await friday()
  const page = await open(`${it.server.url}/`)
  allowOutage()
  await page.routeWebSocket(/./, (socket) => socket.close())
  if (way === 'polling') {
    await page.route('**/graphql', (route) =>
      route.request().headers()['accept']?.includes('text/event-stream') ? route.abort('connectionrefused') : route.continue())
  }
  await page.goto(`${it.server.url}/sessions/friday`)
  await expect.poll(() => pill(page).getAttribute('data-way'), { timeout: 30_000 }).toBe(way)
  await expect.poll(() => done(page).textContent()).toMatch(/^50(\.00)?\s%$/)
  await it.server.patch(it.ids.slice(32, 64).map((id) => ({ id, status: { phase: '' } })))
  await expect.poll(() => done(page).textContent()).toMatch(/^100(\.00)?\s%$/)
})

let shown: Awaited<ReturnType<typeof friday>>
let ended: Awaited<ReturnType<typeof friday>>
let empty: Server
beforeAll(async () => {
  shown = await friday()
  ended = await friday()
  await end(ended)
  empty = await Server.start(['serve'])
})

const views: [name: string, url: () => string, ready: string | RegExp][] = [
  ['sessions', () => `${shown.server.url}/`, 'Boot compute'],
  ['no-sessions', () => `${empty.url}/`, 'No sessions yet'],
  ['session', () => `${shown.server.url}/sessions/friday`, 'unable to reach'],
  ['session-component', () => `${shown.server.url}/sessions/friday?component=${shown.failed[0]}`, /Own page/],
  ['session-complete', () => `${ended.server.url}/sessions/friday`, 'Frozen'],
  ['wall-sessions', () => `${shown.server.url}/?wall=1`, 'Boot compute'],
  ['wall-session', () => `${shown.server.url}/sessions/friday?wall=1`, 'unable to reach'],
  ['session-missing', () => `${shown.server.url}/sessions/saturday`, 'There is no such session'],
  ['component', () => `${shown.server.url}/components/${shown.ids[0]}`, 'unable to reach'],
]
const laptop: [string, BrowserContextOptions] = ['laptop', { viewport: { width: 1366, height: 768 } }]
const phone: [string, BrowserContextOptions] = ['phone', { viewport: { width: 390, height: 844 } }]

/** What a view is tested in: with TEST_BOSGRAPH_LONG every size in every look, else each of both once. */
const sizesOf = (look: (typeof looks)[number]) => (long ? [laptop, phone] : [look === 'light' ? laptop : phone])

/** The looks of a view. The short form sees the first views, which have most on them, in both, and the others by turns. */
const looksOf = (view: number) => looks.filter((_, look) => long || view < 3 || view % 2 === look)

test('a path at which there is nothing has a page of its own, without barriers', async () => {
  allowMissing()
  const page = await open(`${shown.server.url}/no/where`)
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'All sessions' }).click()
  await expect.poll(() => new URL(page.url()).pathname).toBe('/')
})

for (const [i, [view, url, ready]] of views.entries()) {
  test.each(looksOf(i))(`no barriers: ${view}, %s`, async (colorScheme) => {
    for (const [size, look] of sizesOf(colorScheme)) {
      const page = await open(url(), { ...look, colorScheme, reducedMotion: 'reduce' })
      await page.getByText(ready).first().waitFor()
      await expectAccessible(page)
      await shoot(page, `${view}-${size}-${colorScheme}`)
    }
  })
}
