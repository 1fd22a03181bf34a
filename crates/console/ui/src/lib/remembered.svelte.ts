/** A switch that the browser remembers. */
export class Remembered {
  #on = $state(false);

  constructor(
    private readonly key: string,
    otherwise: boolean,
  ) {
    this.#on = otherwise;
    try {
      const stored = localStorage.getItem(key);
      if (stored !== null) this.#on = stored === 'yes';
    } catch {
      // Storage is switched off: the switch starts as it is meant to.
    }
  }

  get on(): boolean {
    return this.#on;
  }

  set on(on: boolean) {
    this.#on = on;
    try {
      localStorage.setItem(this.key, on ? 'yes' : 'no');
    } catch {
      // As above: it lasts until the page is closed.
    }
  }
}

export const view = {
  boxes: new Remembered('ronda.wall.boxes', true),
  zones: new Remembered('ronda.wall.zones', true),
  feed: new Remembered('ronda.wall.feed', true),
};
