/** Returns a duration for a movement: none for those who asked their system for stillness. */
export function motion(ms: number): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : ms;
}
