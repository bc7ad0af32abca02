import { beforeEach, describe, expect, it } from 'vitest'
import { ComponentSync, type Loading, type Page, type Target, type Update } from './components.ts'

interface C {
  readonly id: string
  readonly v: number
}

let store: Map<string, C>
let asked: { after: string | null; answer: (page: Page<C>) => void; fail: (error: Error) => void }[]
let reports: (Loading | null)[]
let sync: ComponentSync<C>

const target: Target<C> = {
  apply: (changed, removed = []) => {
    for (const c of changed) store.set(c.id, c)
    for (const id of removed) store.delete(id)
  },
  ids: () => store.keys(),
}
const update = (components: C[], removed: string[] = [], resync = false): Update<C> => ({ components, removed, resync })
const settle = () => new Promise((done) => setTimeout(done))
const shown = () => [...store.values()].map((c) => `${c.id}${c.v}`).sort().join(' ')

beforeEach(() => {
  store = new Map()
  asked = []
  reports = []
  sync = new ComponentSync<C>(
    target,
    (after) => new Promise((answer, fail) => asked.push({ after, answer, fail })),
    (loading) => reports.push(loading),
  )
})

async function answer(i: number, components: C[], next: string | null = null) {
  asked[i]!.answer({ components, total: 3, next })
  await settle()
}

describe('a component sync', () => {
  it('reads page after page', async () => {
    void sync.take(update([], [], true))
    await answer(0, [{ id: 'a', v: 1 }, { id: 'b', v: 1 }], 'cursor')
    expect(asked[1]!.after).toBe('cursor')
    await answer(1, [{ id: 'c', v: 1 }])
    expect(shown()).toBe('a1 b1 c1')
    expect(reports).toEqual([{ read: 2, total: 3 }, { read: 3, total: 3 }, null])
  })

  it('keeps what was received while a page was on its way', async () => {
    void sync.take(update([], [], true))
    void sync.take(update([{ id: 'a', v: 2 }], ['b']))
    await answer(0, [{ id: 'a', v: 1 }, { id: 'b', v: 1 }, { id: 'c', v: 1 }])
    expect(shown()).toBe('a2 c1')
  })

  it('takes the page for what was received before it was asked', async () => {
    void sync.take(update([], [], true))
    void sync.take(update([{ id: 'z', v: 1 }]))
    await answer(0, [{ id: 'a', v: 1 }], 'cursor')
    await answer(1, [{ id: 'z', v: 2 }])
    expect(shown()).toBe('a1 z2')
  })

  it('drops what is no longer there, but nothing that came meanwhile', async () => {
    store.set('old', { id: 'old', v: 1 })
    void sync.take(update([], [], true))
    void sync.take(update([{ id: 'new', v: 1 }]))
    await answer(0, [{ id: 'a', v: 1 }])
    expect(shown()).toBe('a1 new1')
  })

  it('gives up a reading for a newer one', async () => {
    void sync.take(update([], [], true))
    void sync.take(update([], [], true))
    await answer(0, [{ id: 'a', v: 1 }], 'cursor')
    expect([shown(), asked.length]).toEqual(['', 2])
    await answer(1, [{ id: 'a', v: 2 }])
    expect(shown()).toBe('a2')
  })

  it('drops what came before everything had to be read again', async () => {
    void sync.take(update([], [], true))
    void sync.take(update([{ id: 'new', v: 1 }]))
    void sync.take(update([], [], true))
    await answer(1, [{ id: 'a', v: 1 }])
    expect(shown()).toBe('a1')
  })

  it('says nothing of a reading that fails when it was given up', async () => {
    const older = sync.read()
    const newer = sync.read()
    asked[0]!.fail(new Error('away'))
    await expect(older).resolves.toBeUndefined()
    await answer(1, [{ id: 'a', v: 1 }])
    await expect(newer).resolves.toBeUndefined()
    const left = sync.read()
    sync.stop()
    asked[2]!.fail(new Error('away'))
    await expect(left).resolves.toBeUndefined()
  })

  it('reports a reading that failed, and still takes messages', async () => {
    const reading = sync.read()
    asked[0]!.fail(new Error('away'))
    await expect(reading).rejects.toThrow('away')
    await sync.take(update([{ id: 'a', v: 1 }]))
    expect([shown(), reports.at(-1)]).toEqual(['a1', null])
  })
})
