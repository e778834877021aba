import { FACET_COLUMNS, TEXT_COLUMNS } from './columns.ts'

/**
 * `place` is timestamp in milliseconds × 2^20 + a counter: the reading order is the order of the rows, so that the
 * newest hits come first without sorting and a time range is a range of places.
 */
const COUNTER_BITS = 20n
export const COUNTERS = 2 ** 20
/** Last place there is: timestamps end at 2^43 − 1. */
export const LAST_PLACE = 2n ** 63n - 1n

/** First place of a millisecond. */
export function placeOf(millisecond: number): bigint {
  return BigInt(millisecond) << COUNTER_BITS
}

/** A term with it behind follows that term and precedes every longer one: no term has this character. */
export const SUCCESSOR = '\u0001'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
/** Every printable ASCII character that is no letter or digit belongs to a token: FTS5 then splits at spaces only. */
const TOKEN_CHARACTERS = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/**
 * `search_workspace.position`: how many entries of the log are indexed. A workspace whose id is null was cleared: its
 * rows are garbage.
 *
 * `search_text` has no content (the documents are derived from the ledger) and whole position lists (phrases). Its
 * instances, as `search_instance` and `search_term`, are what verification reads. `automerge` 8 merges half as often
 * as the default, which writers feel and readers do not.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS search_workspace(
  number INTEGER PRIMARY KEY,
  id TEXT UNIQUE,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS search_event(
  place INTEGER PRIMARY KEY,
  workspace INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ${FACET_COLUMNS.map((column) => `${column} TEXT`).join(', ')}
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS search_event_seq ON search_event(workspace, seq);
CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5(
  ${TEXT_COLUMNS.join(', ')},
  content = '', contentless_delete = 1, detail = full,
  tokenize = ${quoted(`ascii tokenchars ${quoted(TOKEN_CHARACTERS)}`)}
);
INSERT INTO search_text(search_text, rank) VALUES ('automerge', 8);
CREATE VIRTUAL TABLE IF NOT EXISTS search_instance USING fts5vocab('search_text', 'instance');
CREATE VIRTUAL TABLE IF NOT EXISTS search_term USING fts5vocab('search_text', 'row');
`
