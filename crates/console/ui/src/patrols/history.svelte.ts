import { getJson, isAborted, words } from '../api/http';
import type { RunPage, RunSummary } from '../api/patrol';
import { patrolApi } from '../api/robots';
import type { RunFilter } from '../lib/route';

const PAGE = 30;
const DAY_MS = 86_400_000;

/** The patrols that match a filter, the newest first, loaded page by page. */
export class RunHistory {
  runs = $state.raw<RunSummary[]>([]);
  loading = $state(false);
  complete = $state(false);
  failure = $state<string | null>(null);
  #cursor: string | null = null;
  #stop = new AbortController();

  constructor(private readonly filter: RunFilter) {}

  async more(): Promise<void> {
    if (this.loading || this.complete) return;
    this.loading = true;
    this.failure = null;
    try {
      const page = await getJson<RunPage>(listPath(this.filter, this.#cursor), this.#stop.signal);
      this.runs = [...this.runs, ...page.runs.filter((run) => !this.runs.some((known) => known.id === run.id))];
      this.#cursor = page.next_cursor;
      this.complete = page.next_cursor === null || page.next_cursor === undefined;
    } catch (failure) {
      if (!isAborted(failure)) this.failure = words(failure);
    } finally {
      this.loading = false;
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** Returns the address of one page of patrols. Days are the operator's own, from their midnight to the next. */
export function listPath(filter: RunFilter, cursor: string | null): string {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  const add = (name: string, value: string | null): void => {
    if (value !== null && value !== '') asked.set(name, value);
  };
  add('robot_id', filter.robot);
  add('status', filter.status);
  add('verdict', filter.verdict);
  add('from', filter.from === null ? null : midnight(filter.from));
  add('to', filter.to === null ? null : new Date(Date.parse(midnight(filter.to)) + DAY_MS).toISOString());
  add('cursor', cursor);
  return `${patrolApi('runs')}?${asked}`;
}

function midnight(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString();
}
