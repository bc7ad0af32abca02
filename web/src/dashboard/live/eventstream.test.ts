import { expect, it } from 'vitest'
import { EventParser } from './eventstream.ts'

const stream = ':\n\nevent: next\ndata: {"a":1}\n\n:\n\nevent: next\r\ndata: {"b":\r\ndata: 2}\r\n\r\nevent: complete\ndata:\n\n'
const events = [
  { type: 'next', data: '{"a":1}' },
  { type: 'next', data: '{"b":\n2}' },
  { type: 'complete', data: '' },
]

it('reads events and skips pings', () => {
  expect(new EventParser().push(stream)).toEqual(events)
})

it('reads them wherever the pieces are cut', () => {
  for (let size = 1; size < stream.length; size++) {
    const parser = new EventParser()
    const got = []
    for (let at = 0; at < stream.length; at += size) got.push(...parser.push(stream.slice(at, at + size)))
    expect(got, `pieces of ${size}`).toEqual(events)
  }
})
