// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest'
import { repairTabs } from './tabs.ts'

test('tabs with buttons inside become a list, also those that come and change later', async () => {
  const root = document.createElement('div')
  repairTabs(root)
  root.innerHTML = `<ul role="tablist">
    <li role="tab" aria-selected="true"><button>a</button><button>Close</button></li>
    <li role="tab" aria-selected="false"><button>b</button></li>
  </ul><section role="tabpanel"></section>`
  const [a, b] = root.querySelectorAll('li')
  await vi.waitFor(() => expect(root.querySelectorAll('[role="tab"], [role="tablist"], [role="tabpanel"], [aria-selected]')).toHaveLength(0))
  expect([a, b].map((item) => item!.querySelector('button')!.getAttribute('aria-current'))).toEqual(['true', 'false'])

  a!.setAttribute('aria-selected', 'false') // as GraphiQL does when another is opened
  b!.setAttribute('aria-selected', 'true')
  await vi.waitFor(() => expect([a, b].map((item) => item!.querySelector('button')!.getAttribute('aria-current'))).toEqual(['false', 'true']))
})
