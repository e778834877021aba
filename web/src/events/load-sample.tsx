import { Button } from '@mantine/core'
import { useState } from 'react'
import { sendJson, toProblem, workspacePath } from '../api/client.ts'
import { useSession } from '../session/session.ts'

/** For whoever wants to look before they send: a made-up history, marked as such, into a log that has none of its own. */
export function LoadSample({ onLoaded }: { readonly onLoaded: () => void }) {
  const { me, workspace } = useSession()
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  if (me.role !== 'owner' && me.role !== 'admin') return null
  const load = async (): Promise<void> => {
    setBusy(true)
    setFault(null)
    try {
      await sendJson('POST', workspacePath(workspace.id, 'sample-data'), {})
      onLoaded()
    } catch (error) {
      setFault(toProblem(error).message)
      setBusy(false)
    }
  }
  return (
    <section>
      <h3>Or look around first</h3>
      <p>
        The sample is the history of a made-up company: six weeks, every kind of event, each marked as a
        sample. It stays in the log like anything else, so take a workspace that you can do without.
      </p>
      <Button loading={isBusy} onClick={() => void load()}>
        Load sample data
      </Button>
      {fault === null ? null : <p role="alert">{fault}</p>}
    </section>
  )
}
