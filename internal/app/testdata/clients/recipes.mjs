// Runs the code blocks of docs/recipes.md, which the test puts beside this file.
// Commands come on stdin, one JSON object a line, and what happens goes to stdout in the
// same way, as in main.mjs.
//
//   {"mount": {url, name}}    renders SessionProgress; events of its text follow
//   {"rename": name}          gives it another session
//   {"unmount": true}
//   {"follow"|"events"|"poll": id, url, name, tenant}   by the recipe of that name
//   {"connect": url, tokens}  has the client of that server send one token after the other, and the last again
//   {"stop": id}
//   {"list": id, url, name, filter}
//   {"ask": id, url, query}
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { EventSource } from 'eventsource'
import { Window } from 'happy-dom'
import ts from 'typescript'
import WebSocket from 'ws'

// Node.js runs no JSX. All else runs as it stands on the page.
const { outputText } = ts.transpileModule(readFileSync('SessionProgress.jsx', 'utf8'), {
  compilerOptions: { jsx: ts.JsxEmit.ReactJSX, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
})
writeFileSync('SessionProgress.js', outputText)

// What browsers have and Node.js 20 does not. React looks for a DOM when it is loaded.
const window = new Window()
const { document, navigator } = window
for (const [name, value] of Object.entries({ window, document, navigator, EventSource, WebSocket })) {
  Object.defineProperty(globalThis, name, { value, configurable: true }) // newer ones have some, read-only
}
const { createElement } = await import('react')
const { createRoot } = await import('react-dom/client')
const { ask, explain, worthRetrying } = await import('./ask.js')
const { components } = await import('./components.js')
const { connect } = await import('./connect.js')
const { followEvents } = await import('./events.js')
const { follow } = await import('./follow.js')
const { poll } = await import('./poll.js')
const { SessionProgress } = await import('./SessionProgress.js')

const stops = new Map()
const clients = new Map()
let page

function emit(event) {
  process.stdout.write(JSON.stringify(event) + '\n')
}

// client is the one socket of a server.
function client(url) {
  if (!clients.has(url)) clients.set(url, connect(url))
  return clients.get(url)
}

// connectWith makes that client, which reports connections that have ended.
function connectWith(url, tokens) {
  const connectionParams = async () => ({ Authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}` })
  clients.set(url, connect(url, { connectionParams }))
  clients.get(url).on('closed', ({ code }) => emit({ in: 'page', event: 'closed', code }))
}

function sink(id) {
  return {
    next: (message) => emit({ in: 'page', id, event: 'next', message }),
    error: (error) => emit({ in: 'page', id, event: 'error', reason: explain(error), code: worthRetrying(error) }),
    complete: () => emit({ in: 'page', id, event: 'complete' }),
  }
}

function render() {
  page.root.render(createElement(SessionProgress, { client: page.client, name: page.name }))
}

function mount({ url, name }) {
  const container = document.body.appendChild(document.createElement('main'))
  page = { root: createRoot(container), client: client(url), name }
  let shown
  page.observer = new window.MutationObserver(() => {
    const busy = container.querySelector('[aria-busy=true]') ? ' (busy)' : ''
    const text = container.textContent + busy
    if (text !== shown) emit({ in: 'page', id: 'hook', event: 'text', reason: (shown = text) })
  })
  page.observer.observe(container, { attributes: true, childList: true, subtree: true, characterData: true })
  render()
}

async function list(url, which) {
  const ids = []
  for await (const node of components(url, which)) ids.push(node.id)
  return ids
}

async function run(command) {
  if (command.mount) return mount(command.mount)
  if (command.rename) {
    page.name = command.rename
    return render()
  }
  if (command.unmount) return page.root.unmount()
  const { url, name, tenant, filter } = command
  if (command.connect) connectWith(command.connect, command.tokens)
  if (command.follow) stops.set(command.follow, follow(client(url), { name, tenant }, sink(command.follow)))
  if (command.events) stops.set(command.events, followEvents(url, { name }, sink(command.events)))
  if (command.poll) stops.set(command.poll, poll(url, { name }, sink(command.poll), 20))
  if (command.stop) stops.get(command.stop)()
  if (command.list) {
    await list(url, { name, filter }).then((message) => emit({ in: 'page', id: command.list, event: 'list', message }), sink(command.list).error)
  }
  if (command.ask) {
    await ask(url, command.query).then(sink(command.ask).next, sink(command.ask).error)
  }
}

emit({ event: 'ready' })
for await (const line of createInterface({ input: process.stdin })) await run(JSON.parse(line))
for (const stop of stops.values()) stop()
page?.root.unmount()
for (const one of clients.values()) await one.dispose()
process.exit() // React's scheduler would keep the process for a while
