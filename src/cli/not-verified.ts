/** What a command throws when its work is done and its answer is "no": tampering, loss or mismatch found. Exit code 1. */
export class NotVerified extends Error {}
