import type { Resource } from '../../event/audit-event.ts'
import { fitText } from '../fit-json.ts'

type JsonRecord = Readonly<Record<string, unknown>>

/** Request parameters that name what a call is about, most telling first, with its CloudFormation resource type. */
const PARAMETERS: readonly (readonly [parameter: string, type: string])[] = [
  ['bucketName', 'AWS::S3::Bucket'],
  ['secretId', 'AWS::SecretsManager::Secret'],
  ['accessKeyId', 'AWS::IAM::AccessKey'],
  ['instanceProfileName', 'AWS::IAM::InstanceProfile'],
  ['roleName', 'AWS::IAM::Role'],
  ['roleArn', 'AWS::IAM::Role'],
  ['userName', 'AWS::IAM::User'],
  ['groupName', 'AWS::IAM::Group'],
  ['policyArn', 'AWS::IAM::ManagedPolicy'],
  ['functionName', 'AWS::Lambda::Function'],
  ['instanceId', 'AWS::EC2::Instance'],
  ['snapshotId', 'AWS::EC2::Snapshot'],
  ['imageId', 'AWS::EC2::Image'],
  ['subnetId', 'AWS::EC2::Subnet'],
  ['routeTableId', 'AWS::EC2::RouteTable'],
  ['groupId', 'AWS::EC2::SecurityGroup'],
  ['vpcId', 'AWS::EC2::VPC'],
  ['dBInstanceIdentifier', 'AWS::RDS::DBInstance'],
  ['dBSnapshotIdentifier', 'AWS::RDS::DBSnapshot'],
  ['keyId', 'AWS::KMS::Key'],
  ['trailName', 'AWS::CloudTrail::Trail'],
  ['logGroupName', 'AWS::Logs::LogGroup'],
  ['tableName', 'AWS::DynamoDB::Table'],
  ['resourceId', 'AWS::Resource'],
  ['resourceArn', 'AWS::Resource'],
]

/** What `name` names, by the service that was called. */
const NAMED_BY_SERVICE: Readonly<Record<string, string>> = {
  'ssm.amazonaws.com': 'AWS::SSM::Parameter',
  'secretsmanager.amazonaws.com': 'AWS::SecretsManager::Secret',
  'cloudtrail.amazonaws.com': 'AWS::CloudTrail::Trail',
}

/** What a CloudTrail record is about: its `resources`, else what its request names, else the service that was called. Never empty. */
export function resourcesOf(record: JsonRecord): [Resource, ...Resource[]] {
  const [first, ...others] = listed(record['resources'])
  if (first !== undefined) return [first, ...others]
  const service = fitText(record['eventSource'], 128) ?? 'unknown'
  return [
    requested(record['requestParameters'], service) ?? { type: 'AWS::Service', id: service, name: service },
  ]
}

function listed(resources: unknown): Resource[] {
  if (!Array.isArray(resources)) return []
  return (resources as unknown[]).flatMap((item) => {
    if (typeof item !== 'object' || item === null) return []
    const { type, ARN, ARNPrefix } = item as JsonRecord
    const id = fitText(ARN, 1_024) ?? fitText(ARNPrefix, 1_024)
    if (id === undefined) return []
    return [{ type: fitText(type, 128) ?? 'AWS::Resource', ...identified(id) }]
  })
}

function requested(parameters: unknown, service: string): Resource | null {
  if (typeof parameters !== 'object' || parameters === null) return null
  const values = parameters as JsonRecord
  for (const [parameter, type] of PARAMETERS) {
    const id = fitText(values[parameter], 1_024)
    if (id !== undefined) return { type, ...identified(id) }
  }
  const namedType = Object.hasOwn(NAMED_BY_SERVICE, service) ? NAMED_BY_SERVICE[service] : undefined
  const name = fitText(values['name'], 1_024)
  return namedType === undefined || name === undefined ? null : { type: namedType, ...identified(name) }
}

/** The name of an ARN is what follows its last colon and type: `arn:aws:iam::123:role/path/NAME`. */
function identified(id: string): { id: string; name: string } {
  const name = id.startsWith('arn:') ? id.slice(Math.max(id.lastIndexOf(':'), id.lastIndexOf('/')) + 1) : id
  return { id, name: name === '' ? id : name }
}
