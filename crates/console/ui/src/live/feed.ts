import type { LiveHeader } from '../api/types';
import { backoff } from '../lib/backoff';
import { type LivePicture, parseMessage } from './message';
import { Newest } from './newest';

/** A decoded picture. It belongs to the feed and is gone when the next one comes: paint it at once. */
export interface LiveFrame {
  header: LiveHeader;
  bitmap: ImageBitmap;
}

type Receiver = (frame: LiveFrame) => void;

/** How often the server may send pictures of each camera. */
export const LIVE_FPS = 10;

/**
 * All live pictures of the page over one WebSocket. Whoever shows a camera subscribes to it; the set of cameras is sent to the server by
 * opening the socket anew. Pictures are decoded one at a time per camera, the newest first. While the page is hidden nothing is fetched.
 */
export class LiveFeed {
  #receivers = new Map<string, Set<Receiver>>();
  #slots = new Map<string, Newest<LivePicture>>();
  #last = new Map<string, LiveFrame>();
  #socket: WebSocket | null = null;
  #asked = '';
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: () => string,
    private readonly onConnected: (connected: boolean) => void,
  ) {}

  /** Asks for a camera's pictures until the returned function is called. */
  subscribe(camera: string, receiver: Receiver): () => void {
    const receivers = this.#receivers.get(camera) ?? new Set();
    this.#receivers.set(camera, receivers.add(receiver));
    this.#refresh();
    return () => {
      receivers.delete(receiver);
      if (receivers.size === 0) {
        this.#receivers.delete(camera);
        this.#slots.get(camera)?.close();
        this.#slots.delete(camera);
      }
      this.#refresh();
    };
  }

  /** Returns the newest picture of a camera, however old, to paint again after a change of size. */
  last(camera: string): LiveFrame | undefined {
    return this.#last.get(camera);
  }

  /** Follows the page being hidden and shown; returns how to stop. */
  start(): () => void {
    const follow = (): void => this.#refresh();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      this.#close();
    };
  }

  /** Adjusts the socket to what is asked for now. Waits a moment, because a page change unsubscribes and subscribes many at once. */
  #refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), 30);
  }

  #open(): void {
    const wanted = document.hidden ? '' : [...this.#receivers.keys()].sort().join(',');
    if (wanted === this.#asked && this.#socket !== null) return;
    this.#close();
    if (wanted === '') return;
    this.#asked = wanted;
    const socket = new WebSocket(`${this.address()}?cameras=${encodeURIComponent(wanted)}&fps=${LIVE_FPS}`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.onConnected(true);
    socket.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
    socket.onclose = () => this.#lost(socket);
    this.#socket = socket;
  }

  #close(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#asked = '';
    if (socket !== null) {
      socket.onclose = null;
      socket.onmessage = null;
      // Closing while it connects would be reported as a failure by the browser.
      if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
      else socket.close();
    }
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#asked = '';
    this.onConnected(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), backoff(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #receive(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return;
    let picture: LivePicture;
    try {
      picture = parseMessage(data);
    } catch {
      // A message that cannot be read is one picture lost; the next one comes in a moment.
      return;
    }
    this.#attempt = 0;
    this.#slot(picture.header.camera_id)?.push(picture);
  }

  #slot(camera: string): Newest<LivePicture> | null {
    if (!this.#receivers.has(camera)) return null;
    const existing = this.#slots.get(camera);
    if (existing !== undefined) return existing;
    const slot = new Newest<LivePicture>((picture) => this.#show(picture));
    this.#slots.set(camera, slot);
    return slot;
  }

  async #show({ header, jpeg }: LivePicture): Promise<void> {
    const frame = { header, bitmap: await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' })) };
    this.#last.get(header.camera_id)?.bitmap.close();
    this.#last.set(header.camera_id, frame);
    for (const receiver of this.#receivers.get(header.camera_id) ?? []) receiver(frame);
  }
}
