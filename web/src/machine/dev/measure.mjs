// Opens the harness in Chromium, and prints frames a second and the time of a frame's
// script. Needs `npm run dev` at the address given (http://127.0.0.1:5173).
//
//   node src/machine/dev/measure.mjs [address] [folder for screenshots]

import { chromium } from 'playwright-core'

const [address = 'http://127.0.0.1:5173', folder] = process.argv.slice(2)
const page = (query) => `${address}/src/machine/dev/index.html?${new URLSearchParams(query)}`

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
try {
  const figures = []
  for (const [n, rate] of [[1000, 1000], [10_000, 1000], [100_000, 1000], [100_000, 10_000]]) {
    for (const [width, height] of [[1280, 800], [1920, 1080], [3840, 2160]]) figures.push(await measure(n, rate, width, height))
  }
  console.table(figures)
  if (folder) await shoot()
} finally {
  await browser.close()
}

async function open(query, width, height, options = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options })
  const tab = await context.newPage()
  tab.on('pageerror', (error) => console.error(String(error)))
  await tab.goto(page(query))
  await tab.waitForSelector('.machine canvas')
  await tab.waitForTimeout(1500)
  return tab
}

async function measure(n, rate, width, height) {
  const tab = await open({ n, rate }, width, height)
  const figures = await tab.evaluate(frames, 4000)
  const panned = await tab.evaluate(zoomedFrames, 2000)
  await tab.context().close()
  return { n, rate, size: `${width}×${height}`, ...figures, 'fps while zooming': panned }
}

/** Frames a second, and the longest of them. */
async function frames(duration) {
  const times = []
  await new Promise((resolve) => {
    const start = performance.now()
    const frame = (now) => {
      times.push(now)
      if (now - start < duration) requestAnimationFrame(frame)
      else resolve()
    }
    requestAnimationFrame(frame)
  })
  const steps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b)
  const at = (share) => Math.round(steps[Math.floor((steps.length - 1) * share)] * 10) / 10
  return { fps: Math.round((steps.length / (times.at(-1) - times[0])) * 1000), 'ms p50': at(0.5), 'ms p99': at(0.99) }
}

/** Frames a second while every frame shows another part. */
async function zoomedFrames(duration) {
  const stage = document.querySelector('.machine-stage')
  const { width, height } = stage.getBoundingClientRect()
  let count = 0
  const start = performance.now()
  await new Promise((resolve) => {
    const frame = (now) => {
      count++
      const deltaY = Math.floor((now - start) / 500) % 2 ? 4 : -4
      stage.dispatchEvent(new WheelEvent('wheel', { deltaY, ctrlKey: true, clientX: width / 2, clientY: height / 2, cancelable: true }))
      if (now - start < duration) requestAnimationFrame(frame)
      else resolve()
    }
    requestAnimationFrame(frame)
  })
  return Math.round((count / (performance.now() - start)) * 1000)
}

async function shoot() {
  for (const [width, height] of [[1280, 800], [1920, 1080], [3840, 2160]]) {
    for (const n of [40, 1000, 10_000, 100_000]) {
      for (const theme of ['light', 'dark']) {
        const tab = await open({ n, theme, other: n === 1000 ? 30 : 0 }, width, height)
        await tab.screenshot({ path: `${folder}/${n}-${width}-${theme}.png` })
        await tab.context().close()
      }
    }
  }
}
