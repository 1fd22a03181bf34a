/** Returns items under a heading each, in the order in which they came; items under the same heading that follow each other stand together. */
export function grouped<T>(items: readonly T[], heading: (item: T) => string): { name: string; items: T[] }[] {
  const groups: { name: string; items: T[] }[] = [];
  for (const item of items) {
    const name = heading(item);
    const last = groups.at(-1);
    if (last?.name === name) last.items.push(item);
    else groups.push({ name, items: [item] });
  }
  return groups;
}
