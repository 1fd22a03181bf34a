const WINDOW_MS = 3000;

/** Measures how many pictures per second were really shown, over the last three seconds. */
export class Rate {
  #times: number[] = [];

  mark(now: number): void {
    this.#times.push(now);
    this.#forget(now);
  }

  perSecond(now: number): number {
    this.#forget(now);
    const [first] = this.#times;
    const last = this.#times.at(-1);
    if (first === undefined || last === undefined || last === first) return 0;
    return ((this.#times.length - 1) * 1000) / (last - first);
  }

  #forget(now: number): void {
    while (this.#times[0] !== undefined && this.#times[0] < now - WINDOW_MS) this.#times.shift();
  }
}
