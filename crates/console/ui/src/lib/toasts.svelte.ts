import type { Alert } from '../api/types';

export interface Toast {
  id: number;
  tone: 'ok' | 'alarm';
  message: string;
  alert: Alert | null;
}

const MOST = 3;
const SHOWN_MS = 7000;

/** Short messages in a corner. They go by themselves, but not while the pointer rests on them. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(message: string, tone: Toast['tone'] = 'ok'): void {
    this.#add({ id: this.#next++, tone, message, alert: null });
  }

  /** Announces an alert in place of the one before: a busy minute must not cover the page. */
  alert(alert: Alert): void {
    const before = this.list.find((toast) => toast.alert !== null);
    if (before === undefined) {
      this.#add({ id: this.#next++, tone: 'alarm', message: '', alert });
      return;
    }
    this.list = this.list.map((toast) => (toast === before ? { ...toast, alert } : toast));
    this.release(before.id);
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  forgetAlerts(): void {
    for (const toast of this.list) if (toast.alert !== null) this.close(toast.id);
  }

  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.close(id), SHOWN_MS));
  }

  #add(toast: Toast): void {
    const oldest = this.list.length >= MOST ? this.list[0] : undefined;
    if (oldest !== undefined) this.close(oldest.id);
    this.list = [...this.list, toast];
    this.release(toast.id);
  }
}

export const toasts = new Toasts();
