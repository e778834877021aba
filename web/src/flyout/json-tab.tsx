import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { ListedEvent } from '../api/types.ts'
import { Icon } from '../icon.tsx'

/** Strings that are keys, other strings, numbers, and the words of JSON. */
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g

export function JsonTab({ event }: { readonly event: ListedEvent }) {
  const text = JSON.stringify(event, null, 2)
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name={copied ? 'check' : 'copy'} size={14} />}
        onClick={() => void copy()}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
      <pre className="json" tabIndex={0} aria-label="The event as JSON">
        {coloured(text)}
      </pre>
    </>
  )
}

/** As elements, never as markup: the text is whatever was sent. */
function coloured(text: string): ReactNode[] {
  const parts: ReactNode[] = []
  let end = 0
  for (const match of text.matchAll(TOKENS)) {
    const [token, quoted, colon] = match
    parts.push(text.slice(end, match.index))
    const kind = quoted === undefined ? 'json-word' : colon === undefined ? 'json-text' : 'json-key'
    parts.push(
      <span key={match.index} className={kind}>
        {token}
      </span>,
    )
    end = match.index + token.length
  }
  parts.push(text.slice(end))
  return parts
}
