import { useState, type ReactNode } from 'react'
import { request } from './client.ts'
import { needsToken } from './credentials.ts'

/** Has the browser save what is at a path of the interface. Throws `Problem` in a frame; else the browser shows what is wrong. */
export async function download(path: string): Promise<void> {
  if (!needsToken()) {
    save(path, '')
    return
  }
  const response = await request(path)
  const [, name = ''] = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? []
  const address = URL.createObjectURL(await response.blob())
  save(address, name || (path.split('/').at(-1) ?? 'download'))
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

function save(href: string, name: string): void {
  const link = document.createElement('a')
  link.href = href
  link.download = name
  link.click()
}

interface DownloadLinkProps {
  readonly path: string
  /** Where the server names no file. */
  readonly name?: string
  readonly children: ReactNode
}

/** A link that saves a file, also where the browser alone could not fetch it. */
export function DownloadLink({ path, name = '', children }: DownloadLinkProps) {
  const [hasFailed, setFailed] = useState(false)
  return (
    <a
      href={path}
      download={name}
      onClick={(event) => {
        if (!needsToken()) return
        event.preventDefault()
        setFailed(false)
        download(path).catch(() => setFailed(true))
      }}
    >
      {children}
      {hasFailed ? <span role="alert"> (failed)</span> : null}
    </a>
  )
}
