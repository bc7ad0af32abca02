// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { clear, click, show, the } from '../testing.tsx'
import { CopyButton } from './CopyButton.tsx'
import { createVoice } from './voice.ts'

afterEach(clear)

it('each copy is announced, also one after another', async () => {
  vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()
  const said = createVoice()
  show(<AppProvider app={{ said } as unknown as App}><CopyButton text="x1" label="Copy" /></AppProvider>)
  const texts: string[] = []
  for (let i = 0; i < 3; i++) {
    click(the('button'))
    await act(async () => {})
    texts.push(said.get())
  }
  expect(texts.map((text) => text.trim())).toEqual(['Copied.', 'Copied.', 'Copied.'])
  expect(texts[1], 'a live region speaks only when its text changes').not.toBe(texts[0])
  expect(texts[2]).not.toBe(texts[1])
})
