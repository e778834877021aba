/** Ids that the sequencer gives to events without one of their own. Clients can't submit such ids. */
const SERVER_ID = /^seq_(0|[1-9][0-9]{0,15})$/

export function serverId(seq: number): string {
  return `seq_${seq}`
}

/** The position that a server-given id names; null for a client's own id. */
export function seqOfServerId(id: string): number | null {
  const digits = SERVER_ID.exec(id)?.[1]
  return digits === undefined ? null : Number(digits)
}
