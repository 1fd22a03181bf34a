/** Returns a cost in dollars, with as many decimals as it takes to see it. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0';
  if (dollars < 0.0001) return 'less than $0.0001';
  const decimals = dollars >= 1 ? 2 : dollars >= 0.01 ? 3 : 4;
  return `$${dollars.toFixed(decimals)}`;
}
