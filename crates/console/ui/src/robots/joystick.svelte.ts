import { robotApi } from '../api/robots';
import type { Control } from './control.svelte';
import { beat, type Drive, dropped, held, LOOSE, type Reins, released } from './deadman';

const BEAT_MS = 100;
/** The connection is kept a moment after the last movement: the next one begins without delay. */
const LINGER_MS = 5000;
/** What the service says when the robot was told to stand. */
const STANDING = 'standing';

/** Drives a robot while a key or finger is held. Whatever goes wrong here, the robot stands: it moves only while it is told to, ten times a second. */
export class Joystick {
  moving = $state(false);
  /** Why the robot does not obey; empty if it does. */
  trouble = $state('');
  #reins: Reins = LOOSE;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #taking = false;
  /** What is held while control is being asked for. */
  readonly #pending = new Map<string, Drive>();

  constructor(
    private readonly robot: string,
    private readonly control: Control,
  ) {}

  /** Lets go when the page can no longer know whether a key is held; returns how to stop. */
  start(): () => void {
    const drop = (): void => this.drop();
    addEventListener('blur', drop);
    addEventListener('pagehide', drop);
    document.addEventListener('visibilitychange', drop);
    return () => {
      removeEventListener('blur', drop);
      removeEventListener('pagehide', drop);
      document.removeEventListener('visibilitychange', drop);
      this.drop();
      this.#close();
    };
  }

  hold(by: string, drive: Drive): void {
    if (this.control.lease === null) {
      this.#pending.set(by, drive);
      void this.#take();
      return;
    }
    const first = this.#reins.held.size === 0;
    this.#reins = held(this.#reins, by, drive);
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    if (first) this.#beat();
  }

  release(by: string): void {
    this.#pending.delete(by);
    this.#reins = released(this.#reins, by);
    if (this.#reins.held.size === 0) this.#beat();
  }

  drop(): void {
    this.#pending.clear();
    this.#reins = dropped(this.#reins);
    this.#beat();
  }

  /** Control is taken first. What is still held then moves the robot; if a question had to be asked, only the next press does. */
  async #take(): Promise<void> {
    if (this.#taking) return;
    this.#taking = true;
    const taken = await this.control.take();
    this.#taking = false;
    const pending = [...this.#pending];
    this.#pending.clear();
    if (taken) for (const [by, drive] of pending) this.hold(by, drive);
  }

  #beat(): void {
    const { send, reins } = beat(this.#reins);
    this.#reins = reins;
    this.moving = reins.held.size > 0;
    if (send !== null) this.#send(send);
    if (send === null || reins.stopped) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => this.#close(), LINGER_MS);
    } else {
      clearTimeout(this.#linger);
    }
  }

  #send(drive: Drive): void {
    const socket = this.#open();
    // What is asked for before the connection stands is not kept for later: it is asked for again at the next beat.
    if (socket?.readyState !== WebSocket.OPEN) return;
    // On a network that stalls, movements would pile up and arrive when nobody holds the stick any more.
    if (socket.bufferedAmount > 0 && (drive.linear !== 0 || drive.angular !== 0)) return;
    socket.send(JSON.stringify(drive));
  }

  #open(): WebSocket | null {
    if (this.#socket !== null) return this.#socket;
    const token = this.control.lease?.token;
    if (token === undefined) return null;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}${robotApi(this.robot, 'drive')}?control=${encodeURIComponent(token)}`);
    socket.onmessage = (event: MessageEvent<string>) => this.#hear(event.data);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#reins.held.size > 0) this.trouble = 'The connection for driving is lost.';
    };
    socket.onopen = () => (this.trouble = '');
    this.#socket = socket;
    return socket;
  }

  #hear(text: string): void {
    try {
      const { reason } = JSON.parse(text) as { reason?: string | null };
      // That it stands when nobody asks it to move is no trouble.
      this.trouble = reason === undefined || reason === null || reason === STANDING ? '' : reason.charAt(0).toUpperCase() + reason.slice(1);
    } catch {
      this.trouble = '';
    }
  }

  #close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#linger);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
