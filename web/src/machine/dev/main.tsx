// The view alone, to look at and to measure: ?n=10000&rate=1000&theme=dark&other=0

import { useCallback, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { type Cell, createComponentStore, Legend, Machine, type State, stateOf } from '..'
import '../machine.css'
import { cell, xnames } from './system'

const query = new URLSearchParams(location.search)
const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise)
const given = query.get('theme')
const theme = given === 'light' || given === 'dark' ? given : undefined
const ids = xnames(number('n', 10_000))
for (let i = 0; i < number('other', 0); i++) ids.push(`login-${i}`)
const shown = ids.filter(() => Math.random() < number('share', 1))

const store = createComponentStore()
const spread = (i: number) => number('progress', 0.8) + 0.25 * Math.sin(i / (shown.length / 9))
const before = performance.now()
store.replaceAll(shown.map((id, i) => cell(id, spread(i))))
console.log(`stored ${store.size} in ${Math.round(performance.now() - before)} ms`)

const perTick = number('rate', 0) / 20
if (perTick > 0) {
  setInterval(() => {
    const changed: Cell[] = []
    for (let i = 0; i < perTick; i++) {
      const at = Math.floor(Math.random() * shown.length)
      changed.push(cell(shown[at]!, spread(at)))
    }
    store.apply(changed)
  }, 50)
}

function Page() {
  const [selected, select] = useState<string | null>(query.get('selected'))
  const [state, highlight] = useState<State | null>(null)
  const filter = useCallback((cell: Cell) => stateOf(cell) === state, [state])
  return (
    <div className="dev" data-theme={theme}>
      <header>
        <Legend store={store} highlighted={state} onHighlight={highlight} />
      </header>
      <main>
        <Machine store={store} selected={selected} onSelect={select} filter={state === null ? undefined : filter} theme={theme} />
      </main>
    </div>
  )
}

createRoot(document.getElementById('root')!).render(<Page />)
