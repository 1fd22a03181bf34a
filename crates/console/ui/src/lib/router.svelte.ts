import { href, parseRoute, type Route } from './route';

/** Asks whether the page may be left; `leave` is called when the operator agrees later. */
export type Guard = (leave: () => void) => boolean;

/** The route on show. It follows the address, and the address follows `go`. */
class Router {
  route = $state<Route>({ page: 'wall' });
  #hash = '';
  #guard: Guard | null = null;

  /** Starts to follow the address; returns how to stop. */
  start(): () => void {
    if (location.pathname !== '/') history.replaceState(null, '', `/${location.hash}`);
    this.#read();
    const follow = (): void => this.#follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  /** Shows another route. `replace` leaves no step to go back to. */
  go(route: Route, replace = false): void {
    if (!replace) {
      location.hash = href(route);
      return;
    }
    history.replaceState(null, '', href(route));
    this.#read();
  }

  /** Lets `guard` decide about leaving the page until the returned function is called. */
  guard(guard: Guard): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard === guard) this.#guard = null;
    };
  }

  #follow(): void {
    const wanted = location.hash;
    if (wanted === this.#hash) return;
    const leave = (): void => {
      this.#guard = null;
      if (location.hash === wanted) this.#read();
      else location.hash = wanted;
    };
    if (this.#guard === null || this.#guard(leave)) this.#read();
    else history.replaceState(null, '', this.#hash === '' ? '#/' : this.#hash);
  }

  #read(): void {
    this.#hash = location.hash;
    this.route = parseRoute(location.hash);
  }
}

export const router = new Router();
