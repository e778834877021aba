import { remember, remembered } from '../storage.ts'

/** The key of a log that this browser saw first: another one later is worth a warning (trust on first use). */
export function keyHistory(origin: string, vkey: string): 'first' | 'same' | 'changed' {
  const name = `trailseal-vkey ${origin}`
  const known = remembered(name)
  if (known === null) remember(name, vkey)
  return known === null ? 'first' : known === vkey ? 'same' : 'changed'
}
