import { Icon } from '../icon.tsx'

export function Mark() {
  return (
    <span className="mark">
      <span className="mark-sign">
        <Icon name="integrity" size={18} />
      </span>
      Trailseal
    </span>
  )
}
