// The questions that an operator asks of a boot, and how many clicks away from the list their answers are.

import type { BrowserContextOptions, Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessible, long, looks, shoot, useBrowser } from './browser.ts'
import { Server, xnames } from './stage.ts'

const { open } = useBrowser()
const ids = xnames(320) // 256 in one cabinet, 64 in the next
const [first, second] = [ids.slice(0, 256), ids.slice(256)]
const unreachable = (id: string) => `unable to reach the BMC of ${id}`
let server: Server

beforeAll(async () => {
  server = await Server.start(['serve'])
  const yesterday = new Date(Date.now() - 86_400_000)
  await server.boot('thursday', ids, null, yesterday.toISOString())
  await server.patch(ids.slice(0, 3).map((id) => ({ id, enabled: false, status: { phase: '', statusOverride: 'failed' }, error: unreachable(id) })))
  await server.patch(ids.slice(3).map((id) => ({ id, enabled: false, status: { phase: '' } })))
  await server.boot('friday', ids)
  await server.patch([ids[1]!, ids[2]!, ids[40]!].map((id) => ({ id, status: { statusOverride: 'failed' }, error: unreachable(id) })))
  await server.patch([{ id: ids[50]!, status: { statusOverride: 'failed' }, error: 'HTTPError: 404 Client Error: Not Found for url: http://cray-bss.services.svc.cluster.local/boot/v1/bootparameters' }])
  await server.patch(first.slice(60).map((id) => ({ id, status: { phase: '' } })))
  await server.patch(second.slice(0, 8).map((id) => ({ id, status: { phase: 'configuring' } })))
})

/** Opens the list, and counts the clicks that are made from then on. */
async function openList(look: BrowserContextOptions = {}): Promise<{ page: Page; clicks: () => Promise<number> }> {
  const page = await open(`${server.url}/`, look)
  await page.evaluate(() => {
    Object.assign(window, { clicks: 0 })
    addEventListener('click', () => (window as unknown as { clicks: number }).clicks++, { capture: true })
  })
  return { page, clicks: () => page.evaluate(() => (window as unknown as { clicks: number }).clicks) }
}

const openFriday = (page: Page) => page.getByRole('row').filter({ hasText: 'friday' }).getByRole('link').first().click()
const card = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

const questions: [question: string, answer: (page: Page) => Promise<void>][] = [
  ['why is it still running', async (page) => {
    await openFriday(page)
    await card(page, 'Waiting for').getByRole('listitem').first().waitFor()
  }],
  ['which nodes failed, and which of them again', async (page) => {
    await openFriday(page)
    const failed = card(page, 'Failed nodes')
    await failed.getByText('of 4 nodes in the session before, too').waitFor()
    expect(await failed.getByRole('listitem').filter({ hasText: 'again' }).count()).toBe(2)
  }],
  ['what to retry', async (page) => {
    await openFriday(page)
    await page.getByRole('button', { name: 'Copy 4 failed xnames' }).click()
    await page.getByRole('button', { name: 'Copied for --limit' }).waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied.split(',').sort()).toEqual([ids[1], ids[2], ids[40], ids[50]].sort())
  }],
  ['which cabinet is behind', async (page) => {
    await openFriday(page)
    await card(page, 'Cabinets').getByRole('row').filter({ hasText: 'x1001' }).getByText('behind').waitFor()
  }],
  ['where the time goes, compared to last time', async (page) => {
    await openFriday(page)
    const times = card(page, 'Where the time goes')
    await times.getByRole('row').filter({ hasText: 'Powering on' }).waitFor()
    await times.getByRole('columnheader', { name: 'Stays' }).waitFor()
    await times.getByText('the difference from the session before').waitFor()
  }],
  ['how two sessions differ', async (page) => {
    await openFriday(page)
    await page.getByRole('link', { name: 'Compare with previous' }).click()
    await page.getByRole('heading', { name: 'Two sessions compared' }).waitFor()
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'Failed in both' }).textContent()).toContain('2')
  }],
  ['where an error is', async (page) => {
    await openFriday(page)
    await page.getByRole('button', { name: /unable to reach the BMC/ }).click()
    await expect.poll(() => page.getByRole('list', { name: 'Affected components' }).getByRole('button').count()).toBe(3)
    await page.getByRole('button', { name: /x1000 3/ }).waitFor()
    await page.getByRole('button', { name: 'Lit: this error' }).waitFor()
  }],
  ['which nodes fail again and again', async (page) => {
    await page.getByRole('link', { name: 'Troubled nodes' }).click()
    const row = page.getByRole('row').filter({ hasText: ids[1]! })
    await row.waitFor()
    expect(await row.getByRole('cell').first().textContent()).toBe('2')
  }],
  ['which sessions a node was in', async (page) => {
    await page.getByRole('link', { name: 'Troubled nodes' }).click()
    await page.getByRole('link', { name: ids[1]! }).click()
    await page.getByText('failed in').waitFor()
    const rows = card(page, 'Its sessions').getByRole('row')
    await expect.poll(() => rows.count()).toBe(3)
    expect(await rows.nth(2).textContent()).toContain('thursday')
    expect(await rows.nth(2).textContent()).toContain(unreachable(ids[1]!))
  }],
]

test.each(questions)('%s: at most two clicks', async (_, answer) => {
  const { page, clicks } = await openList({ permissions: ['clipboard-read', 'clipboard-write'] })
  await answer(page)
  expect(await clicks()).toBeLessThanOrEqual(2)
})

test('what has changed since I looked: no click', async () => {
  const { page, clicks } = await openList()
  await page.getByRole('row').filter({ hasText: 'friday' }).waitFor()
  await server.patch([{ id: ids[51]!, status: { statusOverride: 'failed' } }])
  await page.getByText('new: 1 failed').waitFor()
  await server.patch([{ id: ids[51]!, status: { statusOverride: '' } }])
  expect(await clicks()).toBe(0)
})

test('the tables of a comparison stay in their cards on a small phone', async () => {
  const page = await open(`${server.url}/compare?session=friday`, { viewport: { width: 320, height: 844 } })
  await card(page, 'Errors').getByRole('row').nth(2).waitFor()
  const outside = await page.locator('.compare-grid .card > *').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().right > one.closest('.card')!.getBoundingClientRect().right).length)
  expect(outside).toBe(0)
  // One that has to be wider than the card, or nothing is tested.
  expect(await card(page, 'Errors').locator('.scroller').evaluate((box) => box.scrollWidth - box.clientWidth)).toBeGreaterThan(0)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
})

const pages: [name: string, path: string, ready: string | RegExp][] = [
  ['questions-session', 'sessions/friday', 'of 4 nodes in the session before'],
  ['troubled', 'troubled', /nodes failed/],
  ['compare', 'compare?session=friday', 'Failed in both'],
  ['component-history', `components/${ids[1]}`, 'failed in'],
]

for (const [name, path, ready] of pages) {
  test.each(looks)(`no barriers: ${name}, %s`, async (colorScheme) => {
    const sizes = { laptop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
    for (const [size, viewport] of Object.entries(sizes).filter((_, i) => long || i === Number(colorScheme === 'dark'))) {
      const page = await open(`${server.url}/${path}`, { viewport, colorScheme, reducedMotion: 'reduce' })
      await page.getByText(ready).first().waitFor()
      await expectAccessible(page)
      await shoot(page, `${name}-${size}-${colorScheme}`)
    }
  })
}
