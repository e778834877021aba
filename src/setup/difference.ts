/** One leaf that is not in the cluster as it is in the file. `undefined`: not there at all. */
export interface Difference {
  /** Names joined with dots. */
  readonly path: string
  readonly has: unknown
  readonly wants: unknown
}

/**
 * Where the file says something that the cluster does not. What the cluster says beyond the file (defaults that it fills in) is
 * no difference; numbers and texts of them are the same, because settings come back as texts.
 */
export function differences(wanted: unknown, existing: unknown): Difference[] {
  const has = leaves(existing)
  const found: Difference[] = []
  for (const [path, wants] of leaves(wanted))
    if (!sameLeaf(has.get(path), wants)) found.push({ path, has: has.get(path), wants })
  return found
}

function sameLeaf(has: unknown, wants: unknown): boolean {
  return textOf(has) === textOf(wants)
}

function textOf(leaf: unknown): string {
  return typeof leaf === 'string' ? leaf : JSON.stringify(leaf ?? null)
}

function leaves(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) into.set(path, value)
  else
    for (const [key, inner] of Object.entries(value))
      leaves(inner, path === '' ? key : `${path}.${key}`, into)
  return into
}
