/** Copies a text; false if the browser does not allow it. Works without TLS, too, as on many management networks. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.className = 'visually-hidden'
  area.value = text
  document.body.append(area)
  const focused = document.activeElement
  area.select()
  try {
    return document.execCommand('copy') // the only way on a page without TLS
  } finally {
    area.remove()
    if (focused instanceof HTMLElement) focused.focus()
  }
}
