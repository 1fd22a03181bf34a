import { getJson } from '../api/http';
import type { Alert, AlertPage } from '../api/types';
import { listPath, merged } from '../alerts/alerts';
import { listen } from './events';
import { NO_FILTER } from './route';

const KEPT = 200;
const FLASH_MS = 6000;

/** The live feed of alerts: the newest ones, who was just hit, and how many nobody has looked at. */
class News {
  alerts = $state.raw<Alert[]>([]);
  connected = $state(false);
  loaded = $state(false);
  unseen = $state(0);
  /** For each `camera/zone`, until when its border flashes. */
  flashes = $state.raw<ReadonlyMap<string, number>>(new Map());

  #listeners = new Set<(alert: Alert) => void>();

  start(): () => void {
    const stop = listen('/console/api/v1/events', {
      connected: (connected) => {
        this.connected = connected;
        // After a break something may have been missed.
        if (connected && this.loaded) void this.catchUp();
      },
      on: {
        alert: (data) => this.#receive(data),
        gap: () => void this.catchUp(),
      },
    });
    void this.catchUp();
    return stop;
  }

  /** Calls `listener` for every alert that arrives from now on; returns how to stop. */
  listen(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the count of unseen alerts: the operator is looking at them. */
  seen(): void {
    this.unseen = 0;
  }

  /** Tells whether an alert of this camera (and zone) is so new that it flashes. */
  isFlashing(camera: string, zone: string | null, now: number): boolean {
    return (this.flashes.get(key(camera, zone)) ?? 0) > now;
  }

  /** Loads the latest recorded alerts, those that came before the feed was open. */
  async catchUp(): Promise<void> {
    try {
      const page = await getJson<AlertPage>(listPath(NO_FILTER, null, 50, Date.now()));
      this.alerts = merged(this.alerts, page.alerts).slice(0, KEPT);
    } catch {
      // The alerts page says what is wrong with the history; the live feed works without it.
    } finally {
      this.loaded = true;
    }
  }

  #receive(data: string): void {
    const alert = JSON.parse(data) as Alert;
    if (this.alerts.some((known) => known.alert_id === alert.alert_id)) return;
    this.alerts = merged(this.alerts, [alert]).slice(0, KEPT);
    this.unseen += 1;
    const until = Date.now() + FLASH_MS;
    const hit = [key(alert.camera_id, null), key(alert.camera_id, alert.roi_name)];
    this.flashes = new Map([...[...this.flashes].filter(([, end]) => end > Date.now()), ...hit.map((one) => [one, until] as const)]);
    for (const listener of this.#listeners) listener(alert);
  }
}

function key(camera: string, zone: string | null): string {
  return `${camera}/${zone ?? ''}`;
}

export const news = new News();
