import { type ReactNode, useEffect, useState } from 'react'
import { useApp } from '../context.tsx'
import { copy } from './clipboard.ts'
import { Icon } from './Icon.tsx'

/** Copies a text. What is within the button is a word for the eye; the label says it whole. */
export function CopyButton({ text, label, children }: { text: string; label: string; children?: ReactNode }) {
  const { said } = useApp()
  const [done, setDone] = useDone()
  return (
    <button type="button" className="copy" title={label} aria-label={label} data-done={done || undefined}
      onClick={() => void copy(text).then((ok) => {
        setDone(ok)
        said.set(ok ? 'Copied.' : 'The browser does not allow copying.')
      })}>
      <Icon name={done ? 'successful' : 'copy'} />{children}
    </button>
  )
}

/** True for a moment after it was set. */
export function useDone(): [boolean, (done: boolean) => void] {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), 2000)
    return () => clearTimeout(timer)
  }, [done])
  return [done, setDone]
}
