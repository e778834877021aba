import { useSyncExternalStore } from 'react'
import { remember, remembered } from '../storage.ts'

const KEY = 'trailseal-utc'
const listeners = new Set<() => void>()
let isUtc = remembered(KEY) === 'true'

/** Whether times are shown in UTC rather than in the browser's zone; one switch for the whole viewer. */
export function useUtc(): readonly [boolean, (utc: boolean) => void] {
  const utc = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => isUtc,
  )
  return [utc, setUtc]
}

function setUtc(utc: boolean): void {
  isUtc = utc
  remember(KEY, String(utc))
  listeners.forEach((listener) => listener())
}

export function zoneName(utc: boolean): string {
  return utc ? 'UTC' : new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** MM/DD/YYYY HH:MM:SS; what is no time is shown as it came. */
export function formatDate(timestamp: string, utc: boolean): string {
  const date = new Date(timestamp)
  if (Number.isNaN(date.getTime())) return timestamp
  const [year, month, day, hours, minutes, seconds] = utc
    ? [
        ...[date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()],
        ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()],
      ]
    : [
        ...[date.getFullYear(), date.getMonth(), date.getDate()],
        ...[date.getHours(), date.getMinutes(), date.getSeconds()],
      ]
  return `${two((month ?? 0) + 1)}/${two(day)}/${String(year).padStart(4, '0')} ${two(hours)}:${two(minutes)}:${two(seconds)}`
}

function two(value: number | undefined): string {
  return String(value ?? 0).padStart(2, '0')
}

/** UTC with milliseconds, for hovering. */
export function formatUtc(timestamp: string): string {
  return `${timestamp.replace('T', ' ').replace(/Z$/, '')} UTC`
}
