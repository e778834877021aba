import { Title } from '@mantine/core'
import { getJson } from '../api/client.ts'
import type { Plan } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { useSession } from '../session/session.ts'
import { Notice, planInWords } from '../states/states.tsx'
import { Tokens } from './tokens.tsx'

export default function SettingsPlace() {
  const { me, workspace } = useSession()
  const mayManage = me.role === 'owner' || me.role === 'admin'
  return (
    <div className="page">
      <header className="place-header">
        <div className="place-title">
          <Title order={1}>Settings of {workspace.name}</Title>
          <p className="soft">Settings never touch the log: no role can change or delete an event.</p>
        </div>
      </header>
      {mayManage ? (
        <>
          <PlanCard />
          <Tokens />
        </>
      ) : (
        <Notice title="Not for your role" icon="lock">
          Settings are for owners of the workspace.
        </Notice>
      )}
    </div>
  )
}

function PlanCard() {
  const { workspace } = useSession()
  const { answer } = useRequest('plans', (signal) => getJson<{ plans: readonly Plan[] }>('/v1/plans', signal))
  return (
    <section className="card">
      <h2>Plan and window</h2>
      <dl className="plans">
        {answer?.plans.map((plan) => (
          <div key={plan.name} className={plan.name === workspace.plan ? 'plan-active' : undefined}>
            <dt>
              {plan.name}
              {plan.name === workspace.plan ? <span className="badge">this workspace</span> : null}
            </dt>
            <dd>{plan.readable ? planInWords(plan) : 'events are recorded and not shown'}</dd>
          </div>
        ))}
      </dl>
      <p className="soft">
        Events older than the window, counted from when they were received, leave every view. Dashboard of the
        team: {workspace.dashboard === 'members' ? 'all members' : 'owners only'}.
      </p>
    </section>
  )
}
