import { Button, Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { getJson, type Problem } from '../api/client.ts'
import type { Plan } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { Icon, type IconName } from '../icon.tsx'

interface NoticeProps {
  readonly title: string
  readonly icon?: IconName
  readonly tone?: 'plain' | 'bad'
  readonly action?: { readonly name: string; readonly onClick: () => void }
  readonly children?: ReactNode
}

/** What stands where a list would be, and what to do about it. */
export function Notice({ title, icon = 'audit-log', tone = 'plain', action, children }: NoticeProps) {
  return (
    <section className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <span className="notice-icon">
        <Icon name={icon} size={26} />
      </span>
      <h2>{title}</h2>
      <div className="notice-text">{children}</div>
      {action ? (
        <Button variant="default" onClick={action.onClick}>
          {action.name}
        </Button>
      ) : null}
    </section>
  )
}

/** Each refusal in its own words; anything else with its code, its sentence and a retry. */
export function ProblemState({
  problem,
  onRetry,
}: {
  readonly problem: Problem
  readonly onRetry: () => void
}) {
  switch (problem.code) {
    case 'forbidden':
      return (
        <Notice title="Not for your role" icon="lock">
          {problem.message} Ask an owner of the workspace for access.
        </Notice>
      )
    case 'plan_required':
      return <PlanRequired sentence={problem.message} />
    case 'not_found':
      return (
        <Notice title="Not found" icon="search">
          {problem.message}
        </Notice>
      )
    case 'unauthenticated':
      return (
        <Notice
          title="Your session has ended"
          icon="signout"
          action={{ name: 'Sign in again', onClick: () => location.reload() }}
        >
          Sessions last a working day, and end when their token is revoked.
        </Notice>
      )
    default:
      return (
        <Notice
          title="This could not be loaded"
          icon="failure"
          tone="bad"
          action={{ name: 'Try again', onClick: onRetry }}
        >
          {problem.message} <code>{problem.code}</code>
        </Notice>
      )
  }
}

const ARCHIVES: Readonly<Record<Plan['archive'], string>> = {
  none: 'no archive',
  request: 'archive on request',
  extended: 'extended archive',
}

export function planInWords({ online_days, archive, api_events }: Plan): string {
  const online = `${online_days.toLocaleString()} days online`
  return [online, ARCHIVES[archive], ...(api_events ? ['API-call events'] : [])].join(', ')
}

function PlanRequired({ sentence }: { readonly sentence: string }) {
  const { answer } = useRequest('plans', (signal) => getJson<{ plans: readonly Plan[] }>('/v1/plans', signal))
  const plans = answer?.plans.filter(({ readable }) => readable) ?? []
  return (
    <Notice title="The plan of this workspace does not show its log" icon="lock">
      <p>{sentence} They are kept, and show when the operator changes the plan to one of these:</p>
      <dl className="plans">
        {plans.map((plan) => (
          <div key={plan.name}>
            <dt>{plan.name}</dt>
            <dd>{planInWords(plan)}</dd>
          </div>
        ))}
      </dl>
    </Notice>
  )
}

export function ListSkeleton({ label, rows = 14 }: { readonly label: string; readonly rows?: number }) {
  return (
    <div className="list-skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at}>
          <Skeleton height={12} width={130} />
          <Skeleton height={12} width={`${18 + ((at * 7) % 11)}%`} />
          <Skeleton height={12} width={`${14 + ((at * 5) % 9)}%`} />
          <Skeleton height={12} width={`${10 + ((at * 3) % 13)}%`} />
        </div>
      ))}
    </div>
  )
}
