// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { clear, click, show, the } from '../dashboard/testing.tsx'

const at = vi.hoisted(() => ({ provider: vi.fn(async () => '') }))
vi.mock('./login.ts', async () => {
  const { createStore } = await import('../dashboard/live/store.ts')
  return { logInAtProvider: at.provider, logInByToken: async () => '', login: createStore({ phase: 'asking' }) }
})
const { LoginForm } = await import('./LoginForm.tsx')
const { LoginGate } = await import('./LoginGate.tsx')

afterEach(clear)

const buttons = () => [...document.querySelectorAll('button')].map((button) => button.disabled)

it('lets people log in who came back from the identity provider to the page as it was left', async () => {
  show(<LoginForm provider message="" />)
  click(the('button[type=button]'))
  await act(async () => {})
  expect(buttons()).toEqual([true, true])
  act(() => void window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })))
  expect(buttons()).toEqual([false, false])
})

it('says what the page waits for while it asks who is logged in', () => {
  show(<LoginGate>content</LoginGate>)
  expect(the('main').textContent).toContain('who is logged in')
})
