import { ActionIcon, Drawer, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Me, Workspace } from '../api/types.ts'
import { Icon } from '../icon.tsx'
import { navigate } from '../navigation/location.ts'
import { PLACE_NAMES, placePath, type Place } from '../navigation/places.ts'
import { nameOf } from '../session/session.ts'
import { Mark } from './mark.tsx'
import { WorkspaceSwitcher } from './workspace-switcher.tsx'

interface ShellProps {
  readonly me: Me
  readonly workspace: Workspace
  readonly place: Place
  readonly places: readonly Place[]
  readonly onSignedOut: () => void
  readonly children: ReactNode
}

/** Sidebar and place; below 800 px the sidebar opens over the place. */
export function Shell(props: ShellProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <div className="shell">
      <a className="skip" href="#place">
        Skip to the content
      </a>
      <aside className="sidebar" aria-label="Workspace and places">
        <Sidebar {...props} onChosen={() => undefined} />
      </aside>
      <header className="topbar">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Open the menu"
          onClick={() => setOpen(true)}
        >
          <Icon name="menu" size={20} />
        </ActionIcon>
        <Mark />
        <span className="topbar-workspace">{props.workspace.name}</span>
      </header>
      <Drawer
        opened={isOpen}
        onClose={() => setOpen(false)}
        size={264}
        padding={0}
        withCloseButton={false}
        title="Menu"
        classNames={{ header: 'hidden', body: 'sidebar sidebar-drawer' }}
      >
        <Sidebar {...props} onChosen={() => setOpen(false)} />
      </Drawer>
      <main className="place" id="place" tabIndex={-1}>
        {props.children}
      </main>
    </div>
  )
}

function Sidebar({
  me,
  workspace,
  place,
  places,
  onSignedOut,
  onChosen,
}: ShellProps & { onChosen: () => void }) {
  return (
    <>
      <Mark />
      <WorkspaceSwitcher me={me} workspace={workspace} place={place} onChosen={onChosen} />
      <nav aria-label="Places">
        {places.map((each) => (
          <a
            key={each}
            className="place-link"
            href={placePath(workspace.id, each)}
            aria-current={each === place ? 'page' : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return
              event.preventDefault()
              navigate(placePath(workspace.id, each))
              onChosen()
            }}
          >
            <Icon name={each} />
            {PLACE_NAMES[each]}
          </a>
        ))}
      </nav>
      <p className="sidebar-note">Read-only: no event can be changed or deleted here.</p>
      <Account me={me} onSignedOut={onSignedOut} />
    </>
  )
}

function Account({ me, onSignedOut }: Pick<ShellProps, 'me' | 'onSignedOut'>) {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  const signOut = async (): Promise<void> => {
    await fetch('/signout', { method: 'POST', redirect: 'manual' })
    navigate('/', { replace: true })
    onSignedOut()
  }
  return (
    <div className="account">
      <div className="account-name">
        <strong title={nameOf(me)}>{nameOf(me)}</strong>
        <span>{me.member ? (me.member.email ?? me.role) : 'signed in by token'}</span>
      </div>
      <Tooltip label={`Use ${other} colours`}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Use ${other} colours`}
          onClick={() => setColorScheme(other)}
        >
          <Icon name={scheme === 'dark' ? 'sun' : 'moon'} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Sign out">
        <ActionIcon variant="subtle" color="gray" aria-label="Sign out" onClick={() => void signOut()}>
          <Icon name="signout" />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}
