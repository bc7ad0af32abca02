import { pick, ToolbarButton, useGraphiQL } from '@graphiql/react'
import { useEffect, useState } from 'react'
import { copy } from '../dashboard/shell/clipboard.ts'

/** Copies a link that opens the playground with this query and its variables. */
export function ShareButton() {
  const { queryEditor, variableEditor } = useGraphiQL(pick('queryEditor', 'variableEditor'))
  const [note, setNote] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setNote(''), 3_000)
    return () => clearTimeout(timer)
  }, [note])
  const share = async () => {
    const link = new URL(location.pathname, location.href)
    link.searchParams.set('query', queryEditor?.getValue() ?? '')
    const variables = variableEditor?.getValue() ?? ''
    if (variables.trim() !== '') link.searchParams.set('variables', variables)
    setNote((await copy(link.href)) ? 'Link copied' : 'The browser does not allow copying.')
  }
  return (
    <>
      <ToolbarButton label="Copy a link to this query" onClick={() => void share()}>
        <svg className="graphiql-toolbar-icon share-icon" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M6.5 9.5 10 6M7.5 4.5 9 3a2.8 2.8 0 0 1 4 4l-1.5 1.5M8.5 11.5 7 13a2.8 2.8 0 0 1-4-4l1.5-1.5" />
        </svg>
      </ToolbarButton>
      <p className="share-note" role="status">{note}</p>
    </>
  )
}
