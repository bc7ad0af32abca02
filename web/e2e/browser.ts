// A real browser whose pages are watched: what goes to another host, or goes wrong
// without being seen, fails the test.

import axe from 'axe-core'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

/** Whether all is tested that takes long, too. */
export const long = process.env['TEST_BOSGRAPH_LONG'] !== undefined

const screenshots = join(import.meta.dirname, 'screenshots')

/**
 * Chromium without windows, if it is installed: the usual one gives every context of a test a window with
 * an address bar, which nobody sees and which takes longer than the page itself.
 */
const windowless = '/usr/bin/chromium-headless-shell'
const executablePath = process.env['CHROMIUM'] ?? (existsSync(windowless) ? windowless : '/usr/bin/chromium')

/** Starts a browser that finds hosts by these rules, as --host-resolver-rules has them. */
export function launch(hosts: string, ...options: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', // tests may run as root
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${hosts}`,
      '--enable-precise-memory-info',
      '--js-flags=--expose-gc',
      ...options,
    ],
  })
}

/** Gives the tests of a file a browser. */
export function useBrowser() {
  let browser: Browser
  const contexts: BrowserContext[] = []
  const complaints: string[] = []
  let outage = false
  let refusals = false
  let missing = false
  const known = new Set<string>()

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true })
    // Only what a page tries would be seen by it; this holds for the browser itself.
    browser = await launch('MAP * ~NOTFOUND, EXCLUDE 127.0.0.1')
  })
  afterAll(async () => {
    await browser?.close()
  })
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
    outage = false
    refusals = false
    missing = false
    known.clear()
    expect(complaints.splice(0), 'what the pages complained of').toEqual([])
  })

  /** Lets nothing of a page pass that a user, or an administrator, would not want. */
  function watch(page: Page, host: string) {
    const elsewhere = (address: string) => {
      const url = new URL(address)
      if (/^(https?|wss?):$/.test(url.protocol) && url.host !== host && !known.has(url.host)) complaints.push(`asked another host: ${address}`)
    }
    page.on('request', (request) => elsewhere(request.url()))
    page.on('websocket', (socket) => elsewhere(socket.url()))
    page.on('pageerror', (error) => complaints.push(`threw: ${error.name}: ${error.message} ${error.stack}`))
    page.on('crash', () => complaints.push('crashed'))
    page.on('console', (message) => {
      // While a server is away, the browser itself logs each attempt to reach it.
      const unreachable = /ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|WebSocket connection to/
      if (message.type() !== 'error' || (outage && unreachable.test(message.text()))) return
      if (known.has(message.location().url.split('/')[2] ?? '')) return
      if (refusals && /status of 40[13]/.test(message.text())) return
      if (missing && /status of 404/.test(message.text())) return
      complaints.push(`logged: ${message.text()} (${message.location().url})`)
    })
  }

  return {
    /**
     * Opens a page, as somebody who was never here before. It is closed at the end of
     * the test.
     */
    async open(url: string, look: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...look })
      contexts.push(context)
      const page = await context.newPage()
      watch(page, new URL(url).host)
      await page.goto(url)
      return page
    },
    /** From now on, and to the end of the test, pages may go to that server, too. */
    allowHost(url: string) {
      known.add(new URL(url).host)
    },
    /** From now on, and to the end of the test, the server may refuse who is not logged in. */
    allowRefusals() {
      refusals = true
    },
    /** From now on, and to the end of the test, pages may be asked for that are not there. */
    allowMissing() {
      missing = true
    },
    /** From now on, and to the end of the test, the server may be away. */
    allowOutage() {
      outage = true
    },
  }
}

/** Writes what a page shows into screenshots/, which git ignores. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}

/** The looks that a page has to be good in. */
export const looks = ['light', 'dark'] as const

/** Fails if axe finds a serious or critical barrier on the page as it looks now. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run({ resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((n) => `  ${n.html}\n  ${n.failureSummary}`).join('\n')}`)
  })
  expect(found, `barriers on ${page.url()}`).toEqual([])
}

declare global {
  interface Window {
    axe: typeof axe
  }
}
