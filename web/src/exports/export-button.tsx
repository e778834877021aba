import { ActionIcon, Button, Menu } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { getJson, sendJson, toProblem, workspacePath, type Parameters } from '../api/client.ts'
import { download } from '../api/download.tsx'
import type { ExportFormat, ExportJob } from '../api/types.ts'
import { Icon } from '../icon.tsx'
import { filterParameters, filtersInWords, ownFilters, type ViewState } from '../navigation/view-state.ts'
import { useSession } from '../session/session.ts'

const FORMATS: readonly { readonly format: ExportFormat; readonly hint: string }[] = [
  { format: 'xlsx', hint: 'for Excel, the columns of this table first' },
  { format: 'csv', hint: 'for other programs' },
  { format: 'ndjson', hint: 'the canonical events, provable' },
  { format: 'pdf', hint: 'signed, for reading and filing' },
]
const POLL_MS = 400

interface ExportButtonProps {
  readonly state: ViewState
  readonly isHome: boolean
}

/** XLSX at once, the other formats from the menu; what the table shows, with the filters in words. */
export function ExportButton({ state, isHome }: ExportButtonProps) {
  const [said, start] = useExport(state, isHome)
  const words = filtersInWords(state)
  return (
    <div className="export">
      <Button
        className="export-first"
        leftSection={<Icon name="exports" size={14} />}
        onClick={() => void start('xlsx')}
      >
        Export
      </Button>
      <Menu position="bottom-end" width={300} shadow="md">
        <Menu.Target>
          <ActionIcon className="export-more" variant="filled" size={30} aria-label="Other formats">
            <Icon name="down" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {words.length === 0 ? 'All events of this list' : `Events ${words.join('; ')}`}
          </Menu.Label>
          {FORMATS.map(({ format, hint }) => (
            <Menu.Item key={format} onClick={() => void start(format)}>
              <strong>{format.toUpperCase()}</strong> <span className="soft">{hint}</span>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {said === null ? null : (
        <span className="export-said" role="status">
          {said}
        </span>
      )}
    </div>
  )
}

/** Asks for the export, follows its progress and downloads the file. Answers what to say of it. */
function useExport(state: ViewState, isHome: boolean) {
  const { me, workspace } = useSession()
  const [said, setSaid] = useState<string | null>(null)
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
    }
  }, [])
  const start = async (format: ExportFormat): Promise<void> => {
    setSaid('Asking for the export')
    try {
      const filters = filterParameters(state, Date.now())
      const body = bodyOf(isHome && me.member ? ownFilters(filters, me.member.id) : filters)
      const path = workspacePath(workspace.id, 'exports')
      let job = (await sendJson('POST', path, { format, ...body })) as ExportJob
      while (!isGone.current && (job.status === 'queued' || job.status === 'running')) {
        setSaid(`${format.toUpperCase()}: ${Math.round(job.progress * 100)} %`)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
        job = await getJson<ExportJob>(workspacePath(workspace.id, 'exports', job.id))
      }
      if (job.status === 'done') await download(workspacePath(workspace.id, 'exports', job.id, 'download'))
      setSaid(job.status === 'done' ? null : 'The export failed')
    } catch (error) {
      const { status, message } = toProblem(error)
      setSaid(status === 404 ? 'Exports are not available in this version' : message)
    }
  }
  return [said, start] as const
}

function bodyOf(filters: Parameters): object {
  const given = Object.entries(filters).filter(([, value]) => value !== '' && (value as string[]).length > 0)
  return Object.fromEntries(given)
}
