import { Menu, UnstyledButton } from '@mantine/core'
import type { Me, Workspace } from '../api/types.ts'
import { Icon } from '../icon.tsx'
import { navigate } from '../navigation/location.ts'
import { placePath, type Place } from '../navigation/places.ts'

interface SwitcherProps {
  readonly me: Me
  readonly workspace: Workspace
  readonly place: Place
  readonly onChosen: () => void
}

/** The active workspace; a menu where the token allows more than one. Filters stay behind: they may not fit the other. */
export function WorkspaceSwitcher({ me, workspace, place, onChosen }: SwitcherProps) {
  if (me.workspaces.length < 2)
    return (
      <div className="workspace">
        <WorkspaceName workspace={workspace} />
      </div>
    )
  return (
    <Menu width="target" position="bottom-start" shadow="md">
      <Menu.Target>
        <UnstyledButton
          className="workspace workspace-button"
          aria-label={`Workspace ${workspace.name}, switch`}
        >
          <WorkspaceName workspace={workspace} />
          <Icon name="down" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown mah={360} className="scrolls">
        {me.workspaces.map((each) => (
          <Menu.Item
            key={each.id}
            rightSection={each.id === workspace.id ? <Icon name="check" size={14} /> : null}
            onClick={() => {
              navigate(placePath(each.id, place))
              onChosen()
            }}
          >
            <WorkspaceName workspace={each} />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function WorkspaceName({ workspace: { id, name, plan } }: { readonly workspace: Workspace }) {
  return (
    <span className="workspace-name">
      <strong>{name}</strong>
      <span>
        {name === id ? '' : `${id} · `}
        {plan}
      </span>
    </span>
  )
}
