import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessible, long, looks, shoot, useBrowser } from './browser.ts'
import { makeTokens, Server, startProvider, xnames } from './stage.ts'

const { open, allowHost, allowRefusals } = useBrowser()

const [red, blue] = [xnames(8).slice(0, 4), xnames(8).slice(4)]
let tokens: Record<'viewer' | 'tina' | 'both', string>
let issuer: string
let server: Server // whose users have tokens
let atProvider: Server // whose users are the provider's
const base = '/ops/boot'

/** Gives each of two tenants a session. */
async function fill(one: Server) {
  await one.own('vcluster-red', red)
  await one.own('vcluster-blue', blue)
  await one.boot('reds', red, 'vcluster-red')
  await one.boot('blues', blue, 'vcluster-blue')
}

beforeAll(async () => {
  const made = await makeTokens(
    { Name: 'ann', Roles: ['admin'] },
    { Name: 'vera', Roles: ['viewer'] },
    { Name: 'tina', Roles: ['tenant'], Tenants: ['vcluster-red'] },
    { Name: 'both', Roles: ['tenant'], Tenants: ['vcluster-blue', 'vcluster-red'] },
  )
  const [admin, viewer, tina, both] = made.tokens as [string, string, string, string]
  tokens = { viewer, tina, both }
  server = await Server.start(['serve', ...made.options], '', admin)
  await fill(server)
  issuer = await startProvider(`${base}/auth/callback`)
  // The same data, for people of the provider: a producer's token is not good there.
  atProvider = await Server.start(
    ['serve', '--base-path', base, '--auth', 'oidc', '--oidc-issuer', issuer, '--oidc-audience', 'bosgraph', '--oidc-client-id', 'bosgraph'],
    server.namespace,
  )
}, 180_000)

const field = (page: Page) => page.getByLabel('Access token')
const logIn = async (page: Page, token: string) => {
  await field(page).fill(token)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}
const sessions = (page: Page) => page.locator('.sessions-table tbody tr')
const who = (page: Page) => page.locator('button.who')
const logOut = async (page: Page) => {
  await who(page).click()
  await page.getByRole('button', { name: 'Log out' }).click()
}

test('by a token: where it was, who it is, and out again', async () => {
  const page = await open(`${server.url}/sessions/reds?tenant=vcluster-red`)
  await field(page).waitFor()
  allowRefusals()
  await logIn(page, 'bosgraph_wrong')
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('not accepted')
  await logIn(page, ` ${tokens.viewer}\n`)
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  expect(new URL(page.url()).pathname).toBe('/sessions/reds')
  expect(await who(page).textContent()).toContain('vera')
  await expect.poll(() => page.locator('.pill').getAttribute('data-tone')).toBe('live')

  // Scripts have no way to the token, and it is not in the cookie as it is.
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const cookies = await page.context().cookies()
  expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, 'Strict']])
  expect(JSON.stringify(cookies)).not.toContain(tokens.viewer.slice(9))

  const other = await page.context().newPage()
  await other.goto(`${server.url}/`)
  await expect.poll(() => sessions(other).count()).toBe(2)
  await logOut(page)
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('logged out')
  await field(other).waitFor() // the same browser, so the same login
  expect(await page.context().cookies()).toEqual([])
})

test('a tenant sees its own, and one of several tenants chooses', async () => {
  const page = await open(`${server.url}/`)
  await logIn(page, tokens.tina)
  await expect.poll(() => sessions(page).count()).toBe(1)
  expect(await sessions(page).textContent()).toContain('reds')
  expect(await who(page).textContent()).toContain('vcluster-red')
  await page.getByRole('link', { name: 'Playground' }).click()
  await page.locator('.graphiql-query-editor .view-line').first().waitFor()
  expect(await who(page).textContent()).toContain('vcluster-red')
  await shoot(page, 'login-playground')

  const several = await open(`${server.url}/`)
  await logIn(several, tokens.both)
  await several.getByRole('heading', { name: 'Which tenant?' }).waitFor()
  await expectAccessible(several)
  await shoot(several, 'login-tenants')
  await several.getByRole('button', { name: 'vcluster-blue' }).click()
  await expect.poll(() => sessions(several).textContent()).toContain('blues')
  await expect.poll(() => several.locator('.pill').getAttribute('data-tone')).toBe('live')
  await who(several).click()
  await expectAccessible(several)
  await shoot(several, 'login-who')
  await several.getByRole('group', { name: 'Your login' }).getByLabel('Tenant').selectOption('vcluster-red')
  await expect.poll(() => sessions(several).textContent()).toContain('reds')
  expect(await sessions(several).count()).toBe(1)
})

test('a login that ends asks for another one, and comes back', async () => {
  const { tokens: [short, long], options } = await makeTokens(
    { Name: 'vera', Roles: ['viewer'], Valid: 8e9 },
    { Name: 'vera', Roles: ['viewer'] },
  )
  const brief = await Server.start(['serve', ...options], server.namespace)
  const page = await open(`${brief.url}/sessions/blues?tenant=vcluster-blue`)
  allowRefusals()
  await logIn(page, short!)
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  const alert = page.getByRole('alert')
  await expect.poll(async () => (await alert.count()) > 0 && alert.textContent(), { timeout: 30_000 }).toContain('ended')
  await shoot(page, 'login-ended')
  await logIn(page, long!)
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  expect(new URL(page.url()).pathname).toBe('/sessions/blues')
})

/** Logs in at the provider, whose page is the module's and not ours. */
async function atTheProvider(page: Page, user: string) {
  allowHost(issuer)
  await page.getByRole('button', { name: 'Log in at the identity provider' }).click()
  await page.locator('input[name=username]').fill(user)
  await page.locator('input[name=password]').fill('password')
  await page.getByRole('button').click()
}

test('at a provider: one tenant, where it was, and out again', async () => {
  const page = await open(`${atProvider.url}/sessions/reds?tenant=vcluster-red`)
  await atTheProvider(page, 'tina')
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  expect(page.url()).toBe(`${atProvider.url}/sessions/reds?tenant=vcluster-red`)
  expect(await who(page).textContent()).toMatch(/tina.*vcluster-red/)
  await page.getByRole('link', { name: 'bosgraph, all sessions' }).click()
  await expect.poll(() => sessions(page).count()).toBe(1)
  await expect.poll(() => page.locator('.pill').getAttribute('data-way')).toBe('websocket')
  await expect.poll(() => page.locator('.pill').getAttribute('data-tone')).toBe('live')
  await shoot(page, 'login-tenant')
  allowRefusals() // of what is asked at that moment
  await logOut(page)
  await field(page).waitFor()
  await page.reload()
  await field(page).waitFor()
})

// The provider of the test has no login that outlives one page: it answers a silent login with an error.
test.runIf(long)('a login that the provider does not renew ends when its token does', { timeout: 180_000 }, async () => {
  const brief = await startProvider('/auth/callback', '75s')
  allowHost(brief)
  const options = ['--auth', 'oidc', '--oidc-issuer', brief, '--oidc-audience', 'bosgraph', '--oidc-client-id', 'bosgraph', '--oidc-leeway', '0s']
  const one = await Server.start(['serve', ...options], server.namespace)
  const page = await open(`${one.url}/sessions/reds?tenant=vcluster-red`)
  allowRefusals()
  await atTheProvider(page, 'tina')
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  await page.waitForRequest((request) => request.url().includes('/auth/callback'), { timeout: 70_000 })
  await page.getByText('4 nodes', { exact: true }).first().waitFor()
  await page.getByRole('alert').waitFor({ timeout: 60_000 })
  expect(await page.getByRole('alert').textContent()).toContain('ended')
  expect(page.url()).toBe(`${one.url}/sessions/reds?tenant=vcluster-red`)
})

test('somebody without a role, and somebody who does not complete it', async () => {
  const page = await open(`${atProvider.url}/`)
  await atTheProvider(page, 'otto')
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('otto')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Log in as somebody else' }).click()
  await field(page).waitFor()
  await page.goto(`${atProvider.url}/auth/callback?state=made-up&code=made-up`)
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('interrupted')
  expect(page.url()).toBe(`${atProvider.url}/`)
})

test.each(looks)('no barriers, %s', async (colorScheme) => {
  const phone = { width: 390, height: 844 }
  for (const [size, look] of [['laptop', {}], ['phone', { viewport: phone }]] as const) {
    for (const [name, url] of [['login', `${atProvider.url}/`], ['login-graphiql', `${server.url}/graphiql`]] as const) {
      const page = await open(url, { ...look, colorScheme })
      await field(page).waitFor()
      await expectAccessible(page)
      await shoot(page, `${name}-${size}-${colorScheme}`)
    }
  }
})

test('without access control nothing of it is there', async () => {
  const free = await Server.start(['serve'], server.namespace)
  const page = await open(`${free.url}/`)
  await expect.poll(() => sessions(page).count()).toBe(2)
  expect(await who(page).count()).toBe(0)
  expect((await fetch(`${free.url}/auth/whoami`, { headers: { accept: 'application/json' } })).status).toBe(404)
})
