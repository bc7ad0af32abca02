// Numbers and texts that are larger, longer or emptier than usual: nothing is cut off, pushed away or without a name.

import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { graphql } from '../src/gql/index.ts'
import { expectAccessible, shoot, useBrowser } from './browser.ts'
import { Server, xnames } from './stage.ts'

const { open } = useBrowser()
const laptop = { viewport: { width: 1366, height: 768 } }
const phone = { viewport: { width: 390, height: 844 } }
const ids = xnames(10_000)
const card = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
let server: Server

const End = graphql(`
  mutation End($name: String!) {
    updateSession(input: { name: $name, status: COMPLETE }) { userErrors { message } }
  }
`)

const SetUpFails = graphql(`
  mutation SetUpFails($input: CreateSessionInput!, $reason: String!) {
    createSession(input: $input) { userErrors { message } }
    updateSession(input: { name: "unset", status: COMPLETE, error: $reason }) { userErrors { message } }
  }
`)

/** All of these fail in the session, with these errors. */
async function fail(of: readonly string[], error: (id: string) => string) {
  for (let from = 0; from < of.length; from += 1000) {
    await server.patch(of.slice(from, from + 1000).map((id) => ({ id, status: { statusOverride: 'failed' }, error: error(id) })))
  }
}

beforeAll(async () => {
  server = await Server.start(['serve'])
  await server.boot('monday', ids.slice(0, 2))
  await fail(ids.slice(0, 1), () => 'x'.repeat(600))
  await fail(ids.slice(1, 2), () => '   ')
  await server.boot('tuesday', ids.slice(2))
  await fail(ids.slice(2), (id) => (ids.indexOf(id) < 1400 ? `node ${id} did not answer` : ''))
  await server.ask(SetUpFails, { input: { name: 'unset', operation: 'BOOT', templateName: 'compute' }, reason: 'no nodes were found to act upon\n'.repeat(60) })
}, 60_000)

test('a phone shows all digits of many failures, below their head', async () => {
  const page = await open(`${server.url}/`, phone)
  const row = page.getByRole('row').filter({ hasText: 'tuesday' })
  const ends = async (one: ReturnType<Page['getByText']>) => one.evaluate((cell) => {
    const range = document.createRange()
    range.selectNodeContents(cell)
    return Math.round(range.getBoundingClientRect().right)
  })
  const end = await ends(row.locator('.bad').filter({ hasText: '9,998' }))
  await shoot(page, 'sessions-many-failures-phone')
  expect(end).toBeLessThan(390)
  expect(await page.locator('.scroller').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0)
  expect(await ends(page.getByRole('columnheader', { name: 'Failed' }))).toBe(end)
  await expectAccessible(page)
})

test('a session with failures is as wide as its screen, however narrow that is', async () => {
  for (const width of [390, 320]) {
    const page = await open(`${server.url}/sessions/tuesday`, { viewport: { width, height: 844 } })
    await page.getByRole('button', { name: /^Copy 9,998 failed xnames/ }).waitFor()
    await card(page, 'Failed nodes').getByRole('listitem').first().waitFor()
    await shoot(page, `session-failures-${width}`)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `at ${width}`).toBeLessThanOrEqual(width)
  }
})

test('an error that breaks nowhere leaves the numbers of a comparison in sight, and one of blanks has a name', async () => {
  for (const [size, look] of Object.entries({ laptop, phone })) {
    const page = await open(`${server.url}/compare?session=tuesday&other=monday`, look)
    const errors = card(page, 'Errors')
    await errors.getByRole('rowheader', { name: '(blank error text)' }).waitFor()
    await shoot(page, `compare-long-error-${size}`)
    if (look === laptop) expect(await errors.locator('.scroller').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0)
    const text = (await errors.locator('.cut').filter({ hasText: 'xxx' }).boundingBox())!
    expect(text.width, size).toBeLessThan(look.viewport.width / 2)
    await expectAccessible(page)
  }
})

test('an error of blanks can be opened by its name', async () => {
  const page = await open(`${server.url}/sessions/monday`, laptop)
  await card(page, 'Errors').getByRole('button', { name: '(blank error text)' }).click()
  await page.getByRole('list', { name: 'Affected components' }).getByRole('button', { name: ids[1]! }).waitFor()
  await shoot(page, 'session-blank-error')
  await expectAccessible(page)
})

test('the long reason of a failed set-up is scrolled by the keyboard', async () => {
  const page = await open(`${server.url}/sessions/unset`, laptop)
  const reason = page.getByRole('region', { name: 'Reason' })
  await reason.focus()
  await page.keyboard.press('End')
  await expect.poll(() => reason.evaluate((box) => box.scrollTop)).toBeGreaterThan(0)
  await shoot(page, 'session-set-up-failed-long')
  await expectAccessible(page)
})

test('more error texts than patterns are made of: the card, the detail and what is copied are said to be incomplete', async () => {
  const page = await open(`${server.url}/sessions/tuesday`, laptop)
  const errors = card(page, 'Errors')
  await errors.getByText('the 1,000 most frequent of 1,398 error texts, on at least 1,000 nodes').waitFor()
  await errors.getByRole('button', { name: /did not answer/ }).click()
  await errors.getByText('Incomplete: more nodes may have this error.').waitFor()
  await errors.getByRole('button', { name: /^Copy these 1,000 xnames, more may have this error/ }).waitFor()
  await page.getByRole('button', { name: 'Lit: this error, incomplete' }).waitFor()
  await shoot(page, 'session-many-errors')
  await expectAccessible(page)
})

test('the machine of a session that ended does not call nodes successful that were disabled before they were', async () => {
  const own = await Server.start(['serve'])
  const [hung, done] = [ids.slice(0, 2), ids.slice(2, 5)]
  await own.boot('sunday', [...hung, ...done])
  await own.patch(hung.map((id) => ({ id, enabled: false, status: { phase: 'configuring' } })))
  await own.patch(done.map((id) => ({ id, enabled: false, status: { phase: '' } })))
  await own.ask(End, { name: 'sunday' })
  for (const [size, look] of Object.entries({ laptop, phone })) {
    const page = await open(`${own.url}/sessions/sunday`, look)
    const machine = card(page, 'Machine')
    await machine.getByText('Of the 5 nodes shown as successful, 3 were when the session ended.').waitFor()
    expect(await machine.getByRole('button', { name: /^Successful or disabled/ }).textContent()).toContain('5')
    await shoot(page, `session-disabled-${size}`)
    await machine.getByRole('button', { name: 'As a list' }).click()
    await machine.getByRole('cell', { name: 'Successful or disabled' }).first().waitFor()
    await expectAccessible(page)
  }
})
