import { describe, expect, test } from '@jest/globals'
import { truncateIp } from '../../../../src/ingest/prepare/truncate-ip.ts'
import { truncateUserAgent } from '../../../../src/ingest/prepare/truncate-user-agent.ts'

describe('truncating an address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.0'],
    ['203.0.113.0', '203.0.113.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:0DB8:0001::7', '2001:db8:1::'],
    ['2001:db8:1::', '2001:db8:1::'],
    ['::1', '::'],
    ['fe80::1%eth0', 'fe80::'],
    ['::ffff:203.0.113.7', '203.0.113.0'],
    ['::ffff:cb00:7107', '203.0.113.0'],
  ])('%s becomes %s', (ip, network) => {
    expect(truncateIp(ip)).toBe(network)
  })

  test.each([
    '',
    'localhost',
    '203.0.113',
    '203.0.113.256',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.4:80',
    'cloudformation.amazonaws.com',
  ])('%j is no address', (text) => {
    expect(truncateIp(text)).toBeNull()
  })
})

describe('truncating a user agent', () => {
  test.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      'Chrome 126 on Windows 10',
    ],
    [
      'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0',
      'Firefox 102 on Linux',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'Safari 17 on iOS 17',
    ],
    ['[Boto3/1.26.165 Python/3.10.6 Linux/5.19.0-46-generic Botocore/1.29.165]', 'Boto3 1 on Linux 5'],
    [
      'APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) aws-sdk-go/1.44 (go1.19.3; linux; amd64)',
      'Terraform 1 on Linux',
    ],
    ['curl/8.5.0', 'curl 8'],
    ['kubectl/v1.30.1 (darwin/arm64) kubernetes/6911225', 'kubectl 1 on macOS'],
    ['AWS Internal', 'AWS Internal'],
    ['x'.repeat(5_000), 'x'.repeat(64)],
    ['Mozilla/5.0', 'Mozilla 5'],
  ])('%s becomes %s', (agent, short) => {
    expect(truncateUserAgent(agent)).toBe(short)
    expect(truncateUserAgent(short)).toBe(short)
  })

  test('nothing stays nothing', () => {
    expect(truncateUserAgent('  ')).toBeNull()
  })
})
