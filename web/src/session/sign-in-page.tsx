import { Button, PasswordInput, Text, Title } from '@mantine/core'
import { useState, type SubmitEvent } from 'react'
import { address, request, toProblem } from '../api/client.ts'
import { Mark } from '../shell/mark.tsx'

/** Takes a token. It goes to the server once, which answers with a session cookie that no script can read. */
export function SignInPage({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [token, setToken] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const signIn = async (): Promise<void> => {
    setBusy(true)
    setFault(null)
    try {
      await request(address('/signin', { token: token.trim() }), { redirect: 'manual' })
      onSignedIn()
    } catch (error) {
      const { code, message } = toProblem(error)
      setFault(code === 'unauthenticated' ? 'This token is not known, has expired or was revoked.' : message)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (token.trim() === '') setFault('Paste your token here first.')
    else void signIn()
  }
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit} noValidate>
        <Mark />
        <div>
          <Title order={1}>Sign in</Title>
          <Text size="sm" c="dimmed" mt={4}>
            Read what happened, and check for yourself that nothing was changed since.
          </Text>
        </div>
        <PasswordInput
          label="Token"
          description="From an owner of your workspace, or printed when the server first started."
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={fault}
          size="md"
          autoComplete="current-password"
          autoFocus
          spellCheck={false}
        />
        <Button type="submit" size="md" loading={isBusy} fullWidth>
          Sign in
        </Button>
        <Text size="xs" c="dimmed">
          The link that the server prints at its start signs in too. The viewer only reads: no event can be
          changed or deleted from here.
        </Text>
      </form>
    </main>
  )
}
