import { getJson, isAborted, words } from '../api/http';
import type { Alert, AlertPage } from '../api/types';
import type { Filter } from '../lib/route';
import { listPath, matches, merged } from './alerts';

const PAGE = 40;
/** A list left open for days begins again at this length. */
const LONGEST = 1000;

/** The recorded alerts that match a filter, page after page, with the live ones on top. */
export class History {
  alerts = $state.raw<Alert[]>([]);
  /** Live alerts that wait behind the pill, because the operator is reading further down. */
  waiting = $state.raw<Alert[]>([]);
  loading = $state(true);
  failure = $state<string | null>(null);
  complete = $state(false);

  #cursor: string | null = null;
  #stop = new AbortController();

  constructor(private readonly filter: Filter) {}

  /** Loads the next page; does nothing while one is on its way or none is left. */
  async more(): Promise<void> {
    if ((this.loading && this.alerts.length > 0) || this.complete) return;
    this.loading = true;
    this.failure = null;
    try {
      const page = await getJson<AlertPage>(listPath(this.filter, this.#cursor, PAGE, Date.now()), this.#stop.signal);
      this.alerts = merged(this.alerts, page.alerts);
      this.#cursor = page.next_cursor;
      this.complete = page.next_cursor === null;
    } catch (failure) {
      if (isAborted(failure)) return;
      this.failure = words(failure);
    }
    this.loading = false;
  }

  /** Takes in a live alert: at once, or behind the pill. */
  receive(alert: Alert, atOnce: boolean): void {
    if (!matches(alert, this.filter, Date.now())) return;
    if (atOnce && this.alerts.length >= LONGEST) this.#beginAgain();
    else if (atOnce) this.alerts = merged(this.alerts, [alert]);
    else this.waiting = merged(this.waiting, [alert]);
  }

  /** Puts what waits behind the pill into the list. */
  showWaiting(): void {
    this.alerts = merged(this.alerts, this.waiting);
    this.waiting = [];
  }

  #beginAgain(): void {
    this.alerts = [];
    this.complete = false;
    this.#cursor = null;
    void this.more();
  }

  stop(): void {
    this.#stop.abort();
  }
}
