// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest'
import type * as Module from './login.ts'

const tina = { name: 'tina', roles: ['tenant'], tenants: ['red'], limited: true, reads: true, seconds: 0, cookie: true, renews: false }
const sent: [path: string, init: RequestInit][] = []
let answers: Record<string, unknown>
let module: typeof Module

/** A page of a server with access control, or without. */
async function load(attributes: string) {
  vi.resetModules()
  document.head.innerHTML = `<base href="http://localhost/boot/" ${attributes}>`
  module = await import('./login.ts')
}

beforeEach(async () => {
  sent.length = 0
  sessionStorage.clear()
  answers = { whoami: { who: null, provider: false, message: '' } }
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const path = String(url).split('/').pop()!
    sent.push([path, init])
    const answer = answers[path]
    return typeof answer === 'number' ? new Response('{"message":"no"}', { status: answer }) : Response.json(answer)
  })
  await load('data-login')
})

test('without access control nobody is asked', async () => {
  await load('')
  module.startLogin()
  await module.recheck()
  expect(module.login.get()).toEqual({ phase: 'open' })
  expect(sent).toEqual([])
})

test('who is logged in is asked, and what is sent is for their tenant', async () => {
  answers['whoami'] = { who: tina, provider: false, message: '' }
  await module.recheck()
  expect(module.login.get()).toEqual({ phase: 'in', who: tina, tenant: 'red' })
  answers['graphql'] = {}
  await module.send('http://localhost/boot/graphql', { headers: { Accept: 'application/json' } })
  const headers = new Headers(sent.at(-1)![1].headers)
  expect([headers.get('Cray-Tenant-Name'), headers.get('Accept')]).toEqual(['red', 'application/json'])
})

test('one of several tenants is chosen, and remembered', async () => {
  answers['whoami'] = { who: { ...tina, tenants: ['blue', 'red'] }, provider: false, message: '' }
  await module.recheck()
  expect(module.login.get()).toMatchObject({ phase: 'in', tenant: null })
  expect(module.credentials()).toEqual({})
  module.chooseTenant('blue')
  await module.recheck()
  expect(module.credentials()).toEqual({ 'Cray-Tenant-Name': 'blue' })
  await load('data-login')
  await module.recheck()
  expect(module.login.get()).toMatchObject({ tenant: 'blue' })
})

test('a request that is refused shows that the login has ended', async () => {
  answers['whoami'] = { who: tina, provider: false, message: '' }
  await module.recheck()
  answers = { graphql: 401, whoami: { who: null, provider: true, message: '' } }
  await module.send('http://localhost/boot/graphql')
  await vi.waitFor(() => expect(module.login.get().phase).toBe('out'))
  expect(module.login.get()).toMatchObject({ provider: true, message: expect.stringContaining('ended') })
})

test('an answer from before logging out is out of date', async () => {
  answers['whoami'] = { who: tina, provider: false, message: '' }
  await module.recheck()
  let deliver: (answer: Response) => void = () => {}
  const held = new Promise<Response>((resolve) => (deliver = resolve))
  const fetched = fetch
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => (String(url).endsWith('whoami') ? held : fetched(url, init)))
  const asked = module.recheck()
  answers['logout'] = { who: null, provider: false, message: '' }
  await module.logOut()
  deliver(Response.json(answers['whoami']))
  await asked
  expect(module.login.get()).toMatchObject({ phase: 'out', message: 'You have logged out.' })
})

test('logging out removes what the playground keeps, and nothing else', async () => {
  answers['whoami'] = { who: tina, provider: false, message: '' }
  await module.recheck()
  for (const key of ['graphiql:tabState', 'graphiql:queries', 'bosgraph.looks']) localStorage.setItem(key, 'x')
  answers['logout'] = 503
  await module.logOut()
  expect(localStorage.length).toBe(3)
  answers['logout'] = { who: null, provider: false, message: '' }
  await module.logOut()
  expect(Object.keys(localStorage)).toEqual(['bosgraph.looks'])
})

test('a server that does not answer logs nobody out', async () => {
  answers['whoami'] = { who: tina, provider: false, message: '' }
  await module.recheck()
  answers['whoami'] = 503
  await module.recheck()
  expect(module.login.get().phase).toBe('in')
})

test('what is wrong with a token is a sentence', async () => {
  answers['token'] = 401
  expect(await module.logInByToken('x')).toBe('No.')
  answers['token'] = { who: tina, provider: false, message: '' }
  expect(await module.logInByToken('y')).toBe('')
  expect(module.login.get().phase).toBe('in')
  expect(sent.at(-1)![1].body).toBe('{"token":"y"}')
})
