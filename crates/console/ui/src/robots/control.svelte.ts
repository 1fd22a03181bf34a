import { Failure, send, words } from '../api/http';
import type { Control as Holder } from '../api/patrol';
import { robotApi } from '../api/robots';
import { toasts } from '../lib/toasts.svelte';

/** Why control was not given at once: somebody else has it, or a patrol runs. */
export interface Refusal {
  reason: 'controlled' | 'run_active';
  message: string;
}

interface Lease {
  token: string;
  holder: string;
  expires_at: string;
}

const RENEW_MS = 10_000;
const NAME_KEY = 'ronda.name';
const HEADER = 'X-Ronda-Control';
const CONFLICT = 409;
/** What the service calls it that a token is none, or none any more. */
const LOST = new Set(['not_in_control', 'controlled', 'run_active']);
/** What the robot says of control may be this much older than our own lease. */
const LAG_MS = 2000;

/** The right to move one robot: taken when it is first needed, renewed while the page is open, given back when it is left. */
export class Control {
  lease = $state.raw<Lease | null>(null);
  /** What must be asked before control can be taken over, and what follows then. */
  refusal = $state.raw<(Refusal & { go: () => void }) | null>(null);
  #timer: ReturnType<typeof setInterval> | undefined;
  #since = 0;

  constructor(private readonly robot: string) {}

  /** Does something that only the holder of control may; asks the operator first if somebody else has it. */
  async command(path: string, body?: unknown): Promise<boolean> {
    if (!(await this.#have(() => void this.command(path, body)))) return false;
    try {
      await send('POST', robotApi(this.robot, path), body, { headers: this.headers() });
      return true;
    } catch (failure) {
      this.#lost(failure);
      // Control was lost without a word: it is asked for again, which says who has it now.
      if (this.lease === null) await this.#have(() => void this.command(path, body));
      else toasts.say(words(failure), 'alarm');
      return false;
    }
  }

  /** Heeds what the robot says about who controls it: our lease ends when somebody else has it. */
  heed(holder: Holder | null): void {
    if (this.lease === null || holder === null || Date.now() - this.#since < LAG_MS) return;
    if (holder.kind === 'operator' && holder.holder !== this.lease.holder) this.#forget();
  }

  /** Makes sure that we have control; if it must be taken from somebody, `then` follows the operator's consent. */
  async take(then: () => void = () => undefined): Promise<boolean> {
    return this.#have(then);
  }

  /** Takes control from whoever has it: the operator has agreed. */
  async takeOver(): Promise<void> {
    const asked = this.refusal;
    this.refusal = null;
    try {
      await this.#ask(true);
      asked?.go();
    } catch (failure) {
      toasts.say(words(failure), 'alarm');
    }
  }

  /** Gives control back. */
  async release(): Promise<void> {
    const headers = this.headers();
    if (this.lease === null) return;
    this.#forget();
    await send('DELETE', robotApi(this.robot, 'control'), undefined, { headers }).catch(() => undefined);
  }

  /** Gives control back with the last breath of the page. */
  leave(): void {
    const headers = this.headers();
    if (this.lease === null) return;
    this.#forget();
    void fetch(robotApi(this.robot, 'control'), { method: 'DELETE', headers, keepalive: true }).catch(() => undefined);
  }

  headers(): Record<string, string> {
    return this.lease === null ? {} : { [HEADER]: this.lease.token };
  }

  /** Tells whether this page holds control, given what the robot says about it. */
  isOurs(holder: string | null): boolean {
    return this.lease !== null && (holder === null || holder === this.lease.holder);
  }

  async #have(then: () => void): Promise<boolean> {
    if (this.lease !== null) return true;
    try {
      await this.#ask(false);
      return true;
    } catch (failure) {
      if (failure instanceof Failure && failure.status === CONFLICT && (failure.code === 'controlled' || failure.code === 'run_active')) {
        this.refusal = { reason: failure.code, message: failure.message, go: then };
      } else {
        toasts.say(words(failure), 'alarm');
      }
      return false;
    }
  }

  async #ask(takeOver: boolean): Promise<void> {
    if (this.lease === null) this.#since = Date.now();
    this.lease = await send<Lease>('POST', robotApi(this.robot, 'control'), { holder: operatorName(), ...(takeOver ? { take_over: true } : {}) }, { headers: this.headers() });
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  async #renew(): Promise<void> {
    // Who does not look does not hold: the lease of a hidden page ends by itself.
    if (document.hidden) return;
    try {
      await this.#ask(false);
    } catch (failure) {
      this.#lost(failure);
    }
  }

  #lost(failure: unknown): void {
    if (failure instanceof Failure && LOST.has(failure.code ?? '')) this.#forget();
  }

  #forget(): void {
    clearInterval(this.#timer);
    this.lease = null;
  }
}

/** Returns the name under which others see that this operator has control. */
export function operatorName(): string {
  try {
    return localStorage.getItem(NAME_KEY)?.trim() || 'Control room';
  } catch {
    return 'Control room';
  }
}

/** Remembers the operator's name in this browser. */
export function rename(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name.trim());
  } catch {
    // Storage is switched off: the usual name is used.
  }
}
