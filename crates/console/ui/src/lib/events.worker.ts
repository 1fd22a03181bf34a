/** The worker that listens to the services' events for all pages of the console together; see `hub`. */
import type { Ask, Tell } from './hub';
import { browserHub } from './world';

const SWEEP_MS = 30_000;

const hub = browserHub();

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port === undefined) return;
  const listener = { tell: (tell: Tell) => port.postMessage(tell) };
  port.onmessage = (message: MessageEvent<Ask>) => hub.hear(listener, message.data);
});

setInterval(() => hub.sweep(), SWEEP_MS);
