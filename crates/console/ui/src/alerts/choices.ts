/** Returns the names to choose from, each once and in order; the one chosen already is always among them. */
export function choices(names: readonly string[], chosen: string | null): string[] {
  const all = new Set(names.filter((name) => name !== ''));
  if (chosen !== null) all.add(chosen);
  return [...all].sort((a, b) => a.localeCompare(b));
}
