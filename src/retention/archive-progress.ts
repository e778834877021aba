/**
 * Port: how much of each log the archive holds. Asked before anything leaves the online store (contract §9).
 *
 * Durability: an answer is about segments that were written, read back and verified, so it never becomes smaller. Retry: reading
 * only. Conflict: none. Errors: `store_unavailable`; then nothing is deleted.
 */
export interface ArchiveProgress {
  /** Entries of the log before this seq are archived and verified; 0: none. */
  archivedThrough(workspace: string): Promise<number>
}

/** Until there is an archive: nothing is confirmed, so nothing leaves. */
export const NOTHING_ARCHIVED: ArchiveProgress = { archivedThrough: () => Promise.resolve(0) }
