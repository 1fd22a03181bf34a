import type { Place } from './frame';

/** Fingers (or one mouse) on the map, in the order in which they came. */
export class Fingers {
  readonly #down = new Map<number, Place>();

  get count(): number {
    return this.#down.size;
  }

  has(id: number): boolean {
    return this.#down.has(id);
  }

  press(id: number, at: Place): void {
    this.#down.set(id, at);
  }

  lift(id: number): void {
    this.#down.delete(id);
  }

  /** Moves a finger; returns where the first two were and are now, or the one that is there. */
  move(id: number, to: Place): { before: Place[]; after: Place[] } {
    const before = this.#firstTwo();
    this.#down.set(id, to);
    return { before, after: this.#firstTwo() };
  }

  #firstTwo(): Place[] {
    return [...this.#down.values()].slice(0, 2);
  }
}

/** How a wheel's turn zooms: a notch of a mouse is a fifth, a touchpad is smooth. */
export function wheelFactor(deltaY: number, deltaMode: number, pinch: boolean): number {
  const points = deltaMode === 1 ? deltaY * 33 : deltaMode === 2 ? deltaY * 300 : deltaY;
  return Math.exp(-Math.min(200, Math.max(-200, points)) * (pinch ? 0.01 : 0.0018));
}
