import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The network address of an IP address, host part zero: IPv4 to /24 (`203.0.113.7` → `203.0.113.0`), IPv6 to /48
 * (`2001:db8:1:2::7` → `2001:db8:1::`, RFC 5952). IPv4 inside IPv6 (`::ffff:203.0.113.7`) counts as IPv4; a zone is dropped.
 * The result is again an address, without `/24`, because ECS `source.ip` and every store's IP type expect one.
 * Null where the text is no IP address. Truncating twice changes nothing.
 */
export function truncateIp(text: string): string | null {
  if (isIPv4(text)) return text.slice(0, text.lastIndexOf('.')) + '.0'
  if (!isIPv6(text)) return null
  const address = ipaddr.IPv6.parse(text.split('%', 1)[0] ?? text)
  if (address.isIPv4MappedAddress()) {
    const ipv4 = address.toIPv4Address().toString()
    return ipv4.slice(0, ipv4.lastIndexOf('.')) + '.0'
  }
  return new ipaddr.IPv6([...address.parts.slice(0, 3), 0, 0, 0, 0, 0]).toRFC5952String()
}
