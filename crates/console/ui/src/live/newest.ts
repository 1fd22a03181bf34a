/**
 * Work on the newest of a stream of things, one at a time: what arrives while one is being worked on waits in a single place,
 * and a newer one takes that place. So a slow reader falls behind by at most one picture and memory stays bounded.
 */
export class Newest<T> {
  #waiting: T | null = null;
  #busy = false;
  #closed = false;
  /** How many were replaced before their turn came. */
  dropped = 0;

  constructor(private readonly work: (item: T) => Promise<void>) {}

  push(item: T): void {
    if (this.#closed) return;
    if (this.#busy) {
      if (this.#waiting !== null) this.dropped += 1;
      this.#waiting = item;
      return;
    }
    void this.#run(item);
  }

  /** Forgets what waits; nothing is begun any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  async #run(first: T): Promise<void> {
    this.#busy = true;
    for (let item: T | null = first; item !== null; item = this.#take()) {
      // One broken picture must not stop the ones after it.
      await this.work(item).catch(() => undefined);
    }
    this.#busy = false;
  }

  #take(): T | null {
    const item = this.#waiting;
    this.#waiting = null;
    return item;
  }
}
