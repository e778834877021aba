import { fromCloudTrail } from './cloudtrail/cloudtrail.ts'
import { fromEcs } from './ecs/ecs.ts'

export type ImportFormat = 'trailseal' | 'cloudtrail' | 'ecs'

/** How a parsed record of each format becomes a submitted event. Pure; what is no such record comes back for the validation to refuse. */
export const importFormats: Readonly<Record<ImportFormat, (record: unknown, index: number) => unknown>> = {
  trailseal: (record) => record,
  cloudtrail: fromCloudTrail,
  ecs: fromEcs,
}
